import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { attack, buildTestApp } from '@gatehouse/server/testing'
import { product } from '../src/product.ts'

const kit = await buildTestApp(product, { databaseUrl: process.env.TEST_DATABASE_URL })
const { signUp, close } = kit
after(close)

test('no attack on any route finds a fault', async () => {
  const owner = await signUp()
  const { id } = (await owner.post('/api/notes', { text: 'hers' })).json()
  // A resource of the owner for each path with a parameter.
  const urls = { '/api/notes/{id}': `/api/notes/${id}` }
  assert.deepEqual(await attack(kit, { owner, scopes: product.scopes, urls }), [])
})
