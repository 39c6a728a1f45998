// Preloaded into each process of tap (`node-arg` in package.json): a test file that is run by its path fails where it would in a
// group (group.ts).
import { isMainThread } from 'node:worker_threads'

if (isMainThread && /\.(test|browser)\.ts$/.test(process.argv[1] ?? '')) {
  const { default: root } = await import('tap')
  const { matchStrictly } = await import('./strict-match.ts')
  root.beforeEach(matchStrictly)
}
