import type { Connect } from '../client.ts'
import * as api from '../generated/orval-fetch.ts'
import * as schemas from '../generated/orval-zod.ts'

export const connect: Connect = (url, token) => {
  // The generated functions read the address when they are called (config/orval.config.ts).
  process.env.API_URL = url
  const options = { headers: { ...(token && { authorization: `Bearer ${token}` }) } }
  return {
    register: async (body) =>
      schemas.RegisterResponse.parse((await api.register(schemas.RegisterBody.parse(body))).data),
    login: async (body) => schemas.LoginResponse.parse((await api.login(schemas.LoginBody.parse(body))).data),
    createTask: async (body) =>
      schemas.CreateTaskResponse.parse((await api.createTask(schemas.CreateTaskBody.parse(body), options)).data),
    listTasks: async (query) => schemas.ListTasksResponse.parse((await api.listTasks(query, options)).data),
    completeTask: async (id, completed) =>
      schemas.CompleteTaskResponse.parse((await api.completeTask(id, { completed }, options)).data),
    deleteTask: (id) => api.deleteTask(id, options),
    missingTask: async (id) => (await api.getTask(id, options)).data
  }
}
