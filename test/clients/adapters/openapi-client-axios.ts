import { isAxiosError } from 'axios'
import { OpenAPIClientAxios } from 'openapi-client-axios'
import { type Connect, rejection } from '../client.ts'
import type { Client } from '../generated/openapi-client-axios.d.ts'

export const connect: Connect = async (url, token) => {
  // It has no generated code but types: it reads the contract that the service publishes.
  const definition = await (await fetch(`${url}/openapi.json`)).json()
  const axiosConfigDefaults = { baseURL: url, headers: { ...(token && { authorization: `Bearer ${token}` }) } }
  const api = await new OpenAPIClientAxios({ definition, axiosConfigDefaults }).init<Client>()
  return {
    register: async (body) => (await api.register(null, body)).data,
    login: async (body) => (await api.login(null, body)).data,
    createTask: async (body) => (await api.createTask(null, body)).data,
    listTasks: async (query) => (await api.listTasks(query)).data,
    completeTask: async (id, completed) => (await api.completeTask({ id }, { completed })).data,
    deleteTask: (id) => api.deleteTask({ id }),
    async missingTask(id) {
      const error = await rejection(api.getTask({ id }))
      return isAxiosError(error) ? error.response?.data : error
    }
  }
}
