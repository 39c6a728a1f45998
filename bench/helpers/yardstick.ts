import type { Row } from './cost-rows.ts'
import { connectTo } from './http.ts'
import { startMeasured } from './measured.ts'
import type { Subject } from './subject.ts'

/** Headers that Node.js or the body set. */
const ownHeaders = new Set(['date', 'connection', 'keep-alive', 'content-length'])

/** Starts the yardstick, which sends the same answer as the subject. */
export async function startYardstick(
  { settings, bodyOnly }: Row,
  { server, request, owner, yardstick }: Subject,
  url?: string
) {
  const { method, path, headers, body, tokens } = request
  const answer = await connectTo(server.url)(method, path, {
    headers,
    token: tokens?.[0],
    body: body && JSON.parse(body)
  })
  const sent = Object.entries(answer.headers).filter(([name, value]) =>
    name === 'content-type' ? !String(value).startsWith('application/json') : !ownHeaders.has(name)
  )
  const me = { user_id: crypto.randomUUID(), email: 'somebody@example.com', expires_at: new Date().toISOString() }
  return startMeasured('bench/helpers/bare-server.ts', {
    ...settings,
    ...(url && { DATABASE_URL: url }),
    ANSWER: JSON.stringify({
      status: answer.status,
      headers: bodyOnly ? {} : Object.fromEntries(sent),
      body: yardstick ? me : JSON.parse(answer.text),
      owner
    })
  })
}
