import createClient from 'openapi-fetch'
import type { Connect } from '../client.ts'
import type { paths } from '../generated/openapi-fetch.ts'

const dataOf = async <T>(answer: Promise<{ data?: T; error?: unknown }>): Promise<T> => {
  const { data, error } = await answer
  if (data === undefined) throw error
  return data
}

export const connect: Connect = (baseUrl, token) => {
  const api = createClient<paths>({ baseUrl, headers: { authorization: token && `Bearer ${token}` } })
  return {
    register: (body) => dataOf(api.POST('/api/auth/register', { body })),
    login: (body) => dataOf(api.POST('/api/auth/login', { body })),
    createTask: (body) => dataOf(api.POST('/api/tasks', { body })),
    listTasks: (query) => dataOf(api.GET('/api/tasks', { params: { query } })),
    completeTask: (id, completed) =>
      dataOf(api.PATCH('/api/tasks/{id}/complete', { params: { path: { id } }, body: { completed } })),
    deleteTask: (id) => api.DELETE('/api/tasks/{id}', { params: { path: { id } } }),
    missingTask: async (id) => (await api.GET('/api/tasks/{id}', { params: { path: { id } } })).error
  }
}
