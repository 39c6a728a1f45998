import { runGroup } from '../helpers/group.ts'

await runGroup(3)
