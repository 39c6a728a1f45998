import { type TObject, Type } from '@sinclair/typebox'
import { id } from '../schemas/common.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'
import type { TaskQuota } from '../src/repositories/tasks.ts'
import { taskRoutes } from './tasks.ts'

const owner = Type.Object({ user_id: id('The id of the user of the token') })

/** The task routes under the owner's id. For another user's id they answer 403. */
export const userTaskRoutes: Routes<{ taskQuota: TaskQuota }> = async function userTaskRoutes(app, { taskQuota }) {
  app.addHook('onRoute', (route) => {
    const { operationId = '', params = Type.Object({}), problems = [], ...schema } = { ...route.schema }
    route.schema = {
      ...schema,
      operationId: operationId.replace('Task', 'UserTask'),
      tags: ['user-tasks'],
      description: `Does the same as \`${operationId}\`, which new clients should use. 403: the path names another user.`,
      params: Type.Composite([owner, params as TObject]),
      problems: [403, ...problems]
    }
  })

  app.addHook('preHandler', async ({ params, user }) => {
    if ((params as { user_id: string }).user_id.toLowerCase() !== user.id) throw problems.forbidden()
  })

  app.register(taskRoutes, { taskQuota })
}
