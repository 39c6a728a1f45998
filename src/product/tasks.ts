import { taskRoutes } from '../../routes/tasks.ts'
import { userTaskRoutes } from '../../routes/user-tasks.ts'
import { ref } from '../../schemas/common.ts'
import { Task } from '../../schemas/tasks.ts'
import { setting } from '../config/product-settings.ts'
import { productMigrations } from '../database/migrate.ts'
import { fillTaskKeys } from '../repositories/task-key-filling.ts'
import { allTasks, tasksRepository } from '../repositories/tasks.ts'
import { defineProduct } from './product.ts'

/** Tasks that a statement deletes. */
const atOnce = 20_000

/** The example: a list of tasks for each user. A product of your own replaces it. */
export const tasks = defineProduct({
  api: {
    description:
      'Accounts, sessions, and a list of tasks for each user.\n\n' +
      'Tasks are at `/api/tasks`. The same operations at `/api/users/{user_id}/tasks` exist for clients that name the user in the path.',
    tags: {
      'user-tasks': 'The same tasks, with the id of the user in the path; new clients use `/api/tasks`'
    }
  },
  settings: {
    TASKS_PER_USER: setting.between(1, 1_000_000_000)({ default: 100_000 }),
    TASK_BYTES_PER_USER: setting.between(1, 1_000_000_000_000)({ default: 256 * 1024 * 1024 })
  },
  routes({ settings }) {
    const taskQuota = { tasks: settings.TASKS_PER_USER, bytes: settings.TASK_BYTES_PER_USER }
    return {
      authenticated: [
        { prefix: '/api/tasks', routes: taskRoutes, taskQuota },
        { prefix: '/api/users/:user_id/tasks', routes: userTaskRoutes, taskQuota }
      ]
    }
  },
  scopes: ['tasks:read', 'tasks:write'],
  pages: ['tasks'],
  migrations: productMigrations,
  personalData: {
    tasks: { description: 'All tasks, oldest first', schema: ref(Task), rows: allTasks }
  },
  erase: (userId, trx) => tasksRepository(trx).removeAll(userId, atOnce),
  // Rows of an earlier release, also those that it writes during a rolling update.
  beforeListening: fillTaskKeys,
  housekeeping: fillTaskKeys,
  usage: {
    isComplete: true,
    numbers: { tasks: 'How many tasks there are', bytes: 'Bytes of their titles and descriptions, in UTF-8' },
    read: (db, userId) => tasksRepository(db).count(userId)
  }
})
