import type { caller } from './app.ts'

type Caller = ReturnType<typeof caller>

export const milk = { title: 'Milk \u{1f95b}', description: 'whole' }
/** An unused key. */
export const fresh = () => `"${crypto.randomUUID()}"`

/** Adds tasks with an Idempotency-Key, by this user unless another one is named. */
export const keyed = (user: Caller) => ({
  create: (key: string, body: object = milk, { as = user, url = '/api/tasks' } = {}) =>
    as.post(url, body, { headers: { 'idempotency-key': key } }),
  count: async (as = user) => (await as.get('/api/tasks?limit=100')).json().items.length
})
