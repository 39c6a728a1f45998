// For the longest files whose tests use no database of the tests. In CI they run only beside the tests in browsers, which leave
// some of the CPU. The tests on the embedded engine, which need all of it, do not wait for them.
import t from 'tap'

if (process.env.CI && !process.env.TEST_DATABASE_URL) {
  t.plan(0, 'runs beside the tests in browsers')
  process.exit()
}
