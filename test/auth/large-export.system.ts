import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t, { test } from 'tap'
import { password } from '../helpers/app.ts'
import { servePatiently } from '../helpers/process.ts'
import { cloneTemplate, onServer, server } from '../helpers/template.ts'
import { until } from '../helpers/wait.ts'

const count = 100_000
const mebibyte = 2 ** 20

const skip = server ? false : 'needs TEST_DATABASE_URL: the embedded database is in the memory of the service'
const canMeasure = existsSync('/proc/self/clear_refs')

if (!skip) {
  const database = await cloneTemplate()
  t.teardown(database.remove)
  const service = await servePatiently(t, database.settings)
  const email = 'many@example.com'
  const registered = await fetch(`${service.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, name: 'Ann', password })
  })
  const { access_token: token, user } = await registered.json()
  await onServer(
    `insert into tasks (id, user_id, title, description) select gen_random_uuid(), '${user.id}', 'task ' || i, repeat('x', 1500)
     from generate_series(1, ${count}) as i`,
    database.settings.DATABASE_URL
  )
  const download = (signal?: AbortSignal) =>
    fetch(`${service.url}/api/auth/profile/export`, {
      headers: { authorization: `Bearer ${token}` },
      ...(signal && { signal })
    })

  const status = (field: string) =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) * 1024
  /** Bytes by which the memory of the service grew at most. */
  async function growth(work: () => Promise<unknown>): Promise<number> {
    writeFileSync(`/proc/${service.pid}/clear_refs`, '5')
    const before = status('VmRSS')
    await work()
    return status('VmHWM') - before
  }

  /** Reads a document, with a pause after so many chunks. Returns its bytes and the tasks that it has. */
  async function read(answer: Response, pauseEvery = Number.POSITIVE_INFINITY) {
    const titles = new Set<string>()
    const decoder = new TextDecoder()
    let [bytes, chunks, found, rest, end] = [0, 0, 0, '', '']
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length
      chunks += 1
      const text = decoder.decode(chunk, { stream: true })
      end = (end + text).slice(-2)
      // No text has a brace, so what is before the last one is complete.
      const objects = (rest + text).split('}')
      rest = objects.pop() ?? ''
      for (const object of objects)
        for (const [, title = ''] of object.matchAll(/"title":"([^"]*)"/g)) {
          titles.add(title)
          found += 1
        }
      if (chunks % pauseEvery === 0) await pause(20)
    }
    return { bytes, titles, found, end }
  }

  test(`an export of ${count} tasks contains each of them once`, async (t) => {
    const { bytes, titles, found, end } = await read(await download())
    t.ok(bytes > count * 1500, `${bytes} bytes`)
    t.equal(titles.size, count)
    t.equal(found, count, 'none twice')
    t.equal(end, '}\n')
  })

  test("a slow reader gets the complete export, and the service's memory grows by less than 100 MiB", {
    skip: !canMeasure
  }, async (t) => {
    let slow: Awaited<ReturnType<typeof read>> | undefined
    const grown = await growth(async () => {
      slow = await read(await download(), 50)
    })
    t.equal(slow?.titles.size, count)
    t.equal(slow?.end, '}\n')
    t.ok(
      grown < 100 * mebibyte,
      `${Math.round(grown / mebibyte)} MiB for ${Math.round((slow?.bytes ?? 0) / mebibyte)} MiB`
    )
  })

  test('a reader that stops reading costs less than 100 MiB, and one that disconnects allows the next download', {
    skip: !canMeasure
  }, async (t) => {
    const stop = new AbortController()
    const grown = await growth(async () => {
      const answer = await download(stop.signal)
      t.equal(answer.status, 200)
      t.equal((await download()).status, 429, 'one at a time')
      // What is in flight ends up in the buffers of both sides.
      const seen: number[] = []
      await until('the service to write no more', () => {
        seen.push(status('VmRSS'))
        const last = seen.slice(-10)
        return seen.length > 10 && Math.max(...last) - Math.min(...last) < mebibyte
      })
    })
    t.ok(grown < 100 * mebibyte, `${Math.round(grown / mebibyte)} MiB`)
    stop.abort()
    await until('the next download to begin', async () => {
      const next = await download()
      await next.body?.cancel()
      return next.status === 200
    })
    t.equal((await fetch(`${service.url}/health`)).status, 200)
  })
} else test('large exports', { skip }, (t) => t.end())
