import type { Config } from '../config/config.ts'
import type { Log, Patience, SharedCounts } from './redis.ts'

/** What processes count together; undefined where each counts alone. The driver is loaded only where it is wanted. */
export async function openSharedCounts(
  { redisUrl, secrets }: Pick<Config, 'redisUrl' | 'secrets'>,
  log: Log,
  patience?: Patience
): Promise<SharedCounts | undefined> {
  if (redisUrl === undefined) return undefined
  const { openRedis } = await import('./redis.ts')
  return openRedis(redisUrl, secrets, log, patience)
}
