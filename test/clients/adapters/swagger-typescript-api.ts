import { type Connect, rejection } from '../client.ts'
import { Api, type HttpResponse, type Problem } from '../generated/swagger-typescript-api.ts'

export const connect: Connect = (baseUrl, token) => {
  const { api } = new Api({
    baseUrl,
    securityWorker: () => ({ headers: { ...(token && { authorization: `Bearer ${token}` }) } })
  })
  return {
    register: async (body) => (await api.register(body)).data,
    login: async (body) => (await api.login(body)).data,
    createTask: async (body) => (await api.createTask(body)).data,
    listTasks: async (query) => (await api.listTasks(query)).data,
    completeTask: async (id, completed) => (await api.completeTask(id, { completed })).data,
    deleteTask: (id) => api.deleteTask(id),
    missingTask: async (id) => ((await rejection(api.getTask(id))) as HttpResponse<never, Problem>).error
  }
}
