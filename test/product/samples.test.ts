import { Type } from '@sinclair/typebox'
import t from 'tap'
import { sampleOf } from '../../src/testing/fuzz.ts'

const Colour = Type.Object({ name: Type.String(), inner: Type.Optional(Type.Ref('#/components/schemas/Colour')) })
const components = { responses: {}, schemas: { Colour } }
const sample = (schema: object) => sampleOf({ components }, schema)

t.test('a sample of a schema has its type', (t) => {
  t.equal(sample(Type.String()), 'text')
  t.match(sample(Type.String({ format: 'uuid' })), /^[0-9a-f-]{36}$/)
  t.equal(sample(Type.Integer()), 1)
  t.equal(sample(Type.Number({ minimum: 7 })), 7)
  t.equal(sample(Type.Boolean()), true)
  t.equal(sample(Type.Null()), null)
  t.strictSame(sample(Type.Array(Type.String())), [])
  t.strictSame(sample({ type: 'object' }), {})
  t.end()
})

t.test('a sample of a schema is its example, constant, default or first choice, if it has one', (t) => {
  t.equal(sample(Type.String({ examples: ['Ann'] })), 'Ann')
  t.equal(sample(Type.Literal('fixed')), 'fixed')
  t.equal(sample(Type.Integer({ default: 20 })), 20)
  t.equal(sample({ type: 'string', enum: ['red', 'blue'] }), 'red')
  t.equal(sample(Type.Union([Type.Integer({ minimum: 3 }), Type.Null()])), 3)
  t.end()
})

t.test('a sample of a schema that contains itself ends', (t) => {
  t.match(sample({ $ref: '#/components/schemas/Colour' }), { name: 'text', inner: { name: 'text' } })
  t.end()
})
