// Replaces `tap` in a test file that shares a process (group.ts): one module per file.
import { currentTest } from './group.ts'

const t = currentTest()
export const test = t.test.bind(t)
export default t
