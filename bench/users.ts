import { openForMigrations } from '../src/database/connection.ts'
import { type UserListOptions, userLists } from '../src/repositories/user-lists.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { addUsers } from './helpers/many-users.ts'
import { onOwnDatabase, serve } from './helpers/service.ts'
import { median, quantile } from './helpers/statistics.ts'

export const needsPostgres = true

const users = 1_000_000 * Number(process.env.SCALE ?? 1)
const rounds = Number(process.env.BENCH_ROUNDS ?? 60)
/** Milliseconds for a page. */
const target = 50

interface Person {
  id: string
  email: string
  name: string
}

const firstOf = ({ email }: Person) => email.split('.')[0] as string
const digits = (count: number) => String(Math.floor(Math.random() * 10 ** count)).padStart(count, '0')

/** What an operator types, of people who exist. */
const searches: Record<string, (one: Person, other: Person) => Partial<UserListOptions>> = {
  'no text': () => ({}),
  'disabled users': () => ({ state: 'disabled' }),
  'active users': () => ({ state: 'active' }),
  admins: () => ({ role: 'admin' }),
  'a whole address': ({ email }) => ({ text: email }),
  'the start of an address': ({ email }) => ({ text: email.slice(0, 9) }),
  'an id': ({ id }) => ({ text: id }),
  'part of an id': ({ id }) => ({ text: id.slice(9, 18) }),
  'a full name': ({ name }) => ({ text: name }),
  'a first name': (one) => ({ text: firstOf(one) }),
  'three letters': (one) => ({ text: firstOf(one).slice(-3) }),
  'one letter': (one) => ({ text: firstOf(one).slice(0, 1) }),
  'four digits': () => ({ text: digits(4) }),
  'a name among disabled users': ({ name }) => ({ text: name, state: 'disabled' }),
  'a domain': ({ email }) => ({ text: email.split('@')[1] }),
  'nobody: other letters': () => ({ text: `qx${digits(3)}zj` }),
  'nobody: a first name before another domain': (one) => ({ text: `${firstOf(one)}@example.com` }),
  'nobody: two first names': (one, other) => ({ text: `${firstOf(one)}.${firstOf(other)}x` }),
  'nobody: parts of names': (one, other) => ({ text: `${firstOf(one).slice(0, 5)}${firstOf(other).slice(-3)}er` }),
  'nobody: a domain twice': () => ({ text: 'example.example.com' }),
  'nobody: a common start and end': () => ({ text: 'maria.@example.com' }),
  'nobody: digits twice': () => ({ text: `${digits(2).repeat(4)}` })
}

const told = (times: number[]) =>
  `p50 ${median(times).toFixed(1)}, p99 ${quantile(times, 0.99).toFixed(1)}, max ${Math.max(...times).toFixed(1)} ms`

/** Measures how long a page of a search among a million users takes. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async (database) => {
    await (await serve({ DATABASE_URL: database.url })).stop()
    await addUsers(database, users, say)
    const db = openForMigrations(database.url, { info: () => {}, warn: console.error })
    try {
      const { rows: people } = await database.query('select id, email, name from users order by random() limit 500')
      const person = () => people[Math.floor(Math.random() * people.length)] as Person
      const { list } = userLists(db)
      const figures: Figure[] = []
      for (const [what, search] of Object.entries(searches)) {
        const times: number[] = []
        let [slowest, most, found, partial] = ['', 0, 0, 0]
        while (times.length < rounds) {
          const options = search(person(), person())
          const begin = performance.now()
          const { items, next } = await list({ state: 'all', limit: 20, ...options })
          const took = performance.now() - begin
          times.push(took)
          found += items.length
          if (items.length < 20 && next) partial += 1
          if (took > most) [slowest, most] = [options.text ?? '', took]
        }
        const more = `${(found / rounds).toFixed(1)} users a page, ${partial} pages that end early, the slowest "${slowest}"`
        figures.push(
          figure(
            `${what}, among ${users.toLocaleString('en')} users`,
            `max <= ${target} ms`,
            `${told(times)} (${more})`,
            most <= target
          )
        )
        say(`${what}: ${told(times)} (${more})`)
      }
      return figures
    } finally {
      await db.destroy()
    }
  })
