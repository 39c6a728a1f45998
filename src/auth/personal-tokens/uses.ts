import type { PersonalTokensRepository } from '../../repositories/personal-tokens.ts'

const minute = 60_000

/** Keeps when tokens were used, and writes it once a minute, in one statement for all of them. */
export function createUses(tokens: Pick<PersonalTokensRepository, 'touch'>, clock: () => number) {
  const used = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const entries = [...used]
    used.clear()
    if (entries.length === 0) return
    const minutes = entries.map(([, at]) => new Date(Math.floor(at / minute) * minute).toISOString())
    const ids = entries.map(([id]) => id)
    // The next use writes them again.
    await tokens.touch(ids, minutes).catch(() => {
      for (const [id, at] of entries) used.set(id, Math.max(at, used.get(id) ?? 0))
    })
  }

  return {
    note(id: string): void {
      used.set(id, clock())
      timer ??= setTimeout(write, minute).unref()
    },
    write
  }
}
