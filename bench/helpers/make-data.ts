import pg from 'pg'
import { fill } from './big-data.ts'
import { connectTo, password, signUp } from './http.ts'
import { startGatehouse } from './measured.ts'

/** Fills the new, empty database in DATABASE_URL with the data of bench/scale.ts: `npm run bench:data`. */
const url = process.env.DATABASE_URL
if (!url) throw new Error('Set DATABASE_URL to an empty database')
const db = new pg.Client({ connectionString: url })
await db.connect()
const { rows: tables } = await db.query("select 1 from pg_tables where schemaname = 'public'")
if (tables.length > 0) throw new Error('That database is not empty')

const server = await startGatehouse(url)
const { user, email } = await signUp(connectTo(server.url)).finally(() => server.stop())
const { rows } = await db.query<{ password_hash: string }>('select password_hash from users where id = $1', [user.id])
await db.end()
const million = 1_000_000 * Number(process.env.SCALE ?? 1)
const size = { users: million, tasks: 10 * million, ofOne: million }
const owner = { id: user.id, passwordHash: rows[0]?.password_hash ?? '' }
await fill(url, size, owner, (progress) => console.log(progress))
console.log(`${email} has ${million.toLocaleString('en')} of them; everybody's password is ${password}`)
