// What `tap` is to a test file that runs in one process with others (group.ts): a module for each file.
import { currentTest } from './group.ts'

const t = currentTest()
export const test = t.test.bind(t)
export default t
