import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { buildTestApp } from '@gatehouse/server/testing'
import { product } from '../src/product.ts'

const kit = await buildTestApp(product, { databaseUrl: process.env.TEST_DATABASE_URL })
const { signUp, close } = kit
after(close)

test('a note can be added, listed, read, changed and deleted', async () => {
  const ann = await signUp()
  const added = await ann.post('/api/notes', { text: 'Milk' })
  assert.equal(added.statusCode, 201)
  const note = added.json()
  const url = `/api/notes/${note.id}`
  assert.equal(added.headers.location, url)
  assert.deepEqual((await ann.get('/api/notes')).json(), { items: [note], next_cursor: null })
  assert.deepEqual((await ann.get(url)).json(), note)
  assert.equal((await ann.put(url, { text: 'Two bottles' })).json().text, 'Two bottles')
  assert.equal((await ann.delete(url)).statusCode, 204)
  assert.equal((await ann.get(url)).statusCode, 404)
})

test("another user's note cannot be listed, read, changed or deleted", async () => {
  const [ann, ben] = [await signUp(), await signUp()]
  const { id } = (await ann.post('/api/notes', { text: 'hers' })).json()
  const url = `/api/notes/${id}`
  assert.deepEqual((await ben.get('/api/notes')).json().items, [])
  assert.equal((await ben.get(url)).statusCode, 404)
  assert.equal((await ben.put(url, { text: 'his' })).statusCode, 404)
  assert.equal((await ben.delete(url)).statusCode, 404)
  assert.equal((await ann.get(url)).json().text, 'hers')
})

test('a change with an outdated If-Match answers 412', async () => {
  const ann = await signUp()
  const { headers, json } = await ann.post('/api/notes', { text: 'Milk' })
  const url = `/api/notes/${json().id}`
  const seen = { headers: { 'if-match': String(headers.etag) } }
  assert.equal((await ann.put(url, { text: 'Bread' }, seen)).statusCode, 200)
  assert.equal((await ann.put(url, { text: 'Rice' }, seen)).statusCode, 412)
})

test('a request repeated with its Idempotency-Key adds one note', async () => {
  const ann = await signUp()
  const key = { headers: { 'idempotency-key': crypto.randomUUID() } }
  const [first, second] = [
    await ann.post('/api/notes', { text: 'Milk' }, key),
    await ann.post('/api/notes', { text: 'Milk' }, key)
  ]
  assert.deepEqual(second.json(), first.json())
  assert.equal((await ann.get('/api/notes')).json().items.length, 1)
})

test('a note that breaks the rules is refused', async () => {
  const ann = await signUp()
  const bodies = [{}, { text: '  ' }, { text: 5 }, { text: 'a\0b' }, { text: 'x', user_id: 'another' }]
  for (const body of bodies) assert.equal((await ann.post('/api/notes', body)).statusCode, 400, JSON.stringify(body))
  assert.deepEqual((await ann.get('/api/notes')).json().items, [])
})
