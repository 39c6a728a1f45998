// The test kit of @gatehouse/server/testing: for tests of a product, with any test runner.
export { buildTestApp, type Caller, type TestApp, type TestOptions, type TestUser } from './app.ts'
export { checkAnswer } from './contract.ts'
export { attack, leaks, limitFaults, openRoutes, scopeFaults, tokenFaults } from './sweeps.ts'
