import root from 'tap'
import { endEngines } from '../../src/database/engines.ts'

// They end after every app, because handlers that were added first run last.
root.teardown(endEngines)

export { borrowDatabase, borrowEngine } from '../../src/database/engines.ts'
