import type { FastifyInstance, InjectOptions } from 'fastify'

/** A `fetch` that the service answers without a network, whatever the host. */
export const injected = (app: FastifyInstance) => async (request: Request) => {
  const { pathname, search } = new URL(request.url)
  const payload = await request.text()
  const answer = await app.inject({
    method: request.method as NonNullable<InjectOptions['method']>,
    url: pathname + search,
    headers: Object.fromEntries(request.headers),
    ...(payload && { payload })
  })
  const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
  return new Response(answer.statusCode === 204 ? null : answer.body, { status: answer.statusCode, headers })
}
