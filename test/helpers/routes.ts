export { type Route, routesOf, urlOf } from '../../src/testing/routes.ts'
