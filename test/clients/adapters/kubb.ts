import { type Client, client as send } from '@kubb/plugin-client/clients/fetch'
import { type Connect, rejection } from '../client.ts'
import * as api from '../generated/kubb/index.ts'

/** kubb's own client resolves with any answer. */
const client: Client = async (config) => {
  const answer = await send<never>(config)
  if (answer.status >= 400) throw answer.data
  return answer
}

export const connect: Connect = (baseURL, token) => {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const config = { client, baseURL, headers }
  return {
    register: (body) => api.register(body, config),
    login: (body) => api.login(body, config),
    createTask: (body) => api.createTask(body, {}, config),
    listTasks: (query) => api.listTasks(query, config),
    completeTask: (id, completed) => api.completeTask(id, { completed }, {}, config),
    deleteTask: (id) => api.deleteTask(id, {}, config),
    missingTask: (id) => rejection(api.getTask(id, {}, config))
  }
}
