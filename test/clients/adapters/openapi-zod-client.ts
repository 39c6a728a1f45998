import { isAxiosError } from 'axios'
import { type Connect, rejection } from '../client.ts'
import { createApiClient } from '../generated/openapi-zod-client.ts'

export const connect: Connect = (url, token) => {
  const api = createApiClient(url, {
    axiosConfig: { headers: { ...(token && { authorization: `Bearer ${token}` }) } }
  })
  return {
    register: (body) => api.register(body),
    login: (body) => api.login(body),
    createTask: (body) => api.createTask(body),
    listTasks: (queries) => api.listTasks({ queries }),
    completeTask: (id, completed) => api.completeTask({ completed }, { params: { id } }),
    deleteTask: (id) => api.deleteTask(undefined, { params: { id } }),
    async missingTask(id) {
      const error = await rejection(api.getTask({ params: { id } }))
      return isAxiosError(error) ? error.response?.data : error
    }
  }
}
