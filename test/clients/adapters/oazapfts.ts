import { handle, ok } from '@oazapfts/runtime'
import type { Connect } from '../client.ts'
import * as api from '../generated/oazapfts.ts'

export const connect: Connect = (baseUrl, token) => {
  const options = { baseUrl, headers: { ...(token && { authorization: `Bearer ${token}` }) } }
  return {
    register: (body) => ok(api.register(body, options)),
    login: (body) => ok(api.login(body, options)),
    createTask: (body) => ok(api.createTask(body, {}, options)),
    listTasks: (query) => ok(api.listTasks(query, options)),
    completeTask: (id, completed) => ok(api.completeTask(id, { completed }, {}, options)),
    deleteTask: (id) => api.deleteTask(id, {}, options),
    missingTask: (id) => handle(api.getTask(id, {}, options), { 404: (problem) => problem })
  }
}
