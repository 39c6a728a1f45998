import type { Config } from '../config/config.ts'
import type { Log, RedisTimes, SharedCounts } from './redis.ts'

/** Opens the shared counters, or returns undefined where each process counts by itself. */
export async function openSharedCounts(
  { redisUrl, secrets }: Pick<Config, 'redisUrl' | 'secrets'>,
  log: Log,
  times?: RedisTimes
): Promise<SharedCounts | undefined> {
  if (redisUrl === undefined) return undefined
  const { openRedis } = await import('./redis.ts')
  return openRedis(redisUrl, secrets, log, times)
}
