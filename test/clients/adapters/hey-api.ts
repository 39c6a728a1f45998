import type { Connect } from '../client.ts'
import { createClient } from '../generated/hey-api/client/index.js'
import * as api from '../generated/hey-api/index.js'

export const connect: Connect = (baseUrl, token) => {
  const client = createClient({ baseUrl, ...(token && { auth: token }) })
  const throwing = { client, throwOnError: true } as const
  return {
    register: async (body) => (await api.register({ ...throwing, body })).data,
    login: async (body) => (await api.login({ ...throwing, body })).data,
    createTask: async (body) => (await api.createTask({ ...throwing, body })).data,
    listTasks: async (query) => (await api.listTasks({ ...throwing, query })).data,
    completeTask: async (id, completed) =>
      (await api.completeTask({ ...throwing, path: { id }, body: { completed } })).data,
    deleteTask: (id) => api.deleteTask({ ...throwing, path: { id } }),
    missingTask: async (id) => (await api.getTask({ client, path: { id } })).error
  }
}
