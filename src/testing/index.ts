// The test kit of @gatehouse/server/testing: for tests of a product, with any test runner.
export { buildTestApp, type Caller, type TestApp, type TestOptions, type TestUser } from './app.ts'
export { leaks, openRoutes, scopeFaults } from './sweeps.ts'
