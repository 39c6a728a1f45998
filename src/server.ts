import { start } from './process/start.ts'
import { tasks } from './product/tasks.ts'

await start(tasks)
