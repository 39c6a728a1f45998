import { type Bench, figure } from './helpers/figures.ts'
import { type Caller, connectTo, signUp } from './helpers/http.ts'
import { onOwnDatabase, serve } from './helpers/service.ts'

export const needsPostgres = true

const rounds = Number(process.env.BENCH_ROUNDS ?? 200)
const uses = 50

/** Uses one token concurrently. Returns the number of refusals and the new tokens. */
async function race(callers: [Caller, Caller], refresh_token: string) {
  const answers = await Promise.all(
    Array.from({ length: uses }, (_, i) =>
      callers[i % 2 === 0 ? 0 : 1]('POST', '/api/auth/refresh', { body: { refresh_token } })
    )
  )
  const successes = answers.filter(({ status }) => status === 200)
  const tokens = new Set(successes.map(({ text }) => (JSON.parse(text) as { refresh_token: string }).refresh_token))
  return { refused: uses - successes.length, tokens: [...tokens] }
}

/** Counts how many tokens of one session still work; the most likely one is tried last. */
async function countLive(call: Caller, tokens: string[]): Promise<number> {
  let live = 0
  for (const refresh_token of tokens) {
    const { status } = await call('POST', '/api/auth/refresh', { body: { refresh_token } })
    if (status === 200) live += 1
  }
  return live
}

/** All clients of a session use its token at once, over two processes: all must succeed with the same new token. */
export const bench: Bench = async (say) => {
  const server = process.env.DATABASE_URL ?? ''
  return onOwnDatabase(server, async ({ url, query }) => {
    const first = await serve({ DATABASE_URL: url, BCRYPT_COST: '10' })
    const second = await serve({ DATABASE_URL: url, BCRYPT_COST: '10' })
    try {
      const callers: [Caller, Caller] = [connectTo(first.url), connectTo(second.url)]
      const perSession = 20
      let [refused, forked, ended] = [0, 0, 0]
      for (let round = 0; round < rounds; ) {
        const { refresh_token, user } = await signUp(callers[0])
        const tokens = [refresh_token]
        for (let i = 0; i < perSession && round < rounds; i += 1, round += 1) {
          const result = await race(callers, tokens.at(-1) ?? '')
          refused += result.refused
          if (result.tokens.length > 1) forked += 1
          tokens.push(...result.tokens)
        }
        if ((await countLive(callers[1], tokens.slice(-1))) !== 1) ended += 1
        // A replaced token must not work: using it ends the session.
        if ((await countLive(callers[0], [tokens[0] ?? '', ...tokens.slice(-1)])) !== 0) forked += 1
        const { rows } = await query(`select 1 from sessions where user_id = '${user.id}'`)
        if (rows.length !== 0) forked += 1
      }
      const line = `${rounds} rounds, ${rounds * uses} uses, ${refused} refused, ${forked} sessions with more than one live token`
      say(`${line}, ${ended} that could not go on`)
      return [
        figure('refresh race: one token used 50 times at once over two processes', '1 live token', line, forked === 0),
        figure('refresh race: uses refused', '0', String(refused + ended), refused + ended === 0)
      ]
    } finally {
      await Promise.all([first.stop(), second.stop()])
    }
  })
}
