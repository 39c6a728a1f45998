import { readFile } from 'node:fs/promises'
import { test } from 'tap'
import { parse } from 'yaml'
import { breakingChanges, type Contract } from '../../packages/release/contract.ts'

const file = await readFile(new URL('../../openapi.yaml', import.meta.url), 'utf8')

/** A place in a document, as tests change it. */
// biome-ignore lint/suspicious/noExplicitAny: a test writes any place of the document
type Document = any

const base: Document = {
  openapi: '3.1.0',
  info: { version: '1.0.0' },
  components: {
    schemas: {
      ProblemCode: { type: 'string', enum: ['not_found'] },
      Problem: {
        type: 'object',
        required: ['code'],
        properties: { code: { $ref: '#/components/schemas/ProblemCode' } }
      },
      RevocationKind: { type: 'string', enum: ['session'] },
      State: { type: 'string', enum: ['open', 'done'] },
      Note: {
        type: 'object',
        required: ['id', 'state'],
        properties: {
          id: { type: 'string', format: 'uuid', maxLength: 36 },
          state: { $ref: '#/components/schemas/State' },
          kind: { $ref: '#/components/schemas/RevocationKind' },
          due: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          count: { type: 'integer' },
          tags: { type: 'array', items: { type: 'string' } },
          parent: { $ref: '#/components/schemas/Note' },
          more: { type: 'object', additionalProperties: { type: 'string' } }
        }
      },
      NewNote: {
        type: 'object',
        additionalProperties: false,
        required: ['text'],
        properties: {
          text: { type: 'string', minLength: 1, maxLength: 100, pattern: '^a' },
          state: { type: 'string', enum: ['open', 'done'] },
          due: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          priority: { type: 'number', minimum: 0, maximum: 9 },
          labels: { type: 'object', additionalProperties: { type: ['string', 'number'] } }
        }
      }
    },
    responses: {
      Problem404: { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
    }
  },
  security: [],
  paths: {
    '/notes': {
      parameters: [{ in: 'header', name: 'X-Team', schema: { type: 'string' } }],
      get: {
        operationId: 'listNotes',
        security: [{ bearer: [] }],
        'x-scope': 'notes:read',
        parameters: [{ in: 'query', name: 'limit', schema: { type: 'integer', maximum: 100 } }],
        responses: {
          200: {
            headers: { ETag: { required: true, schema: { type: 'string' } } },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Note' } } }
          },
          404: { $ref: '#/components/responses/Problem404' }
        }
      },
      post: {
        operationId: 'createNote',
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/NewNote' } } } },
        responses: { 201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Note' } } } } }
      }
    },
    '/internal': { get: { 'x-internal': true, responses: {} } }
  }
}

/** What is found after a change of the document. */
function found(change: (document: Document) => unknown): string[] {
  const changed = structuredClone(base)
  change(changed)
  return breakingChanges(base, changed)
}
const { GET, POST } = { GET: 'GET /notes', POST: 'POST /notes' }
const note = ({ components }: Document) => components.schemas.Note
const newNote = ({ components }: Document) => components.schemas.NewNote
const get = ({ paths }: Document) => paths['/notes'].get
const post = ({ paths }: Document) => paths['/notes'].post
const both = (what: string) => [`${GET}: the answer 200: ${what}`, `${POST}: the answer 201: ${what}`]
const body = (what: string) => [`${POST}: the body: ${what}`]

const breaking: Record<string, [(document: Document) => unknown, string[]]> = {
  'a path is gone': [
    (d) => delete d.paths['/notes'],
    [`${GET}: the operation is gone`, `${POST}: the operation is gone`]
  ],
  'an operation is gone': [(d) => delete d.paths['/notes'].get, [`${GET}: the operation is gone`]],
  'an operation has another id': [
    (d) => Object.assign(get(d), { operationId: 'notes' }),
    [`${GET}: the operationId listNotes is now notes, and so a method of generated clients`]
  ],
  'a parameter is gone': [(d) => get(d).parameters.pop(), [`${GET}: the query parameter limit is gone`]],
  'a parameter of all operations of a path is gone': [
    (d) => delete d.paths['/notes'].parameters,
    [`${GET}: the header parameter X-Team is gone`, `${POST}: the header parameter X-Team is gone`]
  ],
  'a new parameter is required': [
    (d) => get(d).parameters.push({ in: 'query', name: 'q', required: true }),
    [`${GET}: the query parameter q is now required`]
  ],
  'a parameter becomes required': [
    (d) => Object.assign(get(d).parameters[0], { required: true }),
    [`${GET}: the query parameter limit is now required`]
  ],
  'a parameter takes less': [
    (d) => Object.assign(get(d).parameters[0].schema, { maximum: 50 }),
    [`${GET}: the query parameter limit: /: maximum 100 is now 50`]
  ],
  'a body becomes required': [
    (d) => Object.assign(post(d).requestBody, { required: true }),
    [`${POST}: the body is now required`]
  ],
  'an operation takes no body any more': [
    (d) => delete post(d).requestBody,
    [`${POST}: a body of application/json is no longer taken`]
  ],
  'a media type is no longer taken': [
    (d) => Object.assign(post(d).requestBody, { content: { 'text/plain': {} } }),
    [`${POST}: a body of application/json is no longer taken`]
  ],
  'a field of a request is gone': [(d) => delete newNote(d).properties.priority, body('/priority is gone')],
  'a new field of a request is required': [
    (d) => {
      newNote(d).properties.owner = { type: 'string' }
      newNote(d).required.push('owner')
    },
    body('/owner is now required')
  ],
  'a field of a request becomes required': [(d) => newNote(d).required.push('state'), body('/state is now required')],
  'an enum of a request loses a value': [
    (d) => newNote(d).properties.state.enum.pop(),
    body('/state: enum ["open","done"] is now ["open"]')
  ],
  'a request takes one value only': [
    (d) => Object.assign(newNote(d).properties, { state: { const: 'open' } }),
    body('/state: enum ["open","done"] is now ["open"]')
  ],
  'a request takes a choice instead of any text': [
    (d) => Object.assign(newNote(d).properties.text, { enum: ['a'] }),
    body('/text: enum anything is now ["a"]')
  ],
  'a number of a request becomes an integer': [
    (d) => Object.assign(newNote(d).properties.priority, { type: 'integer' }),
    body('/priority: type "number" is now "integer"')
  ],
  'a number of a request has a tighter range': [
    (d) => Object.assign(newNote(d).properties.priority, { minimum: 1, maximum: 5, multipleOf: 2 }),
    [
      ...body('/priority: maximum 9 is now 5'),
      ...body('/priority: minimum 0 is now 1'),
      ...body('/priority has another multipleOf, which this comparison cannot judge')
    ]
  ],
  'a text of a request has tighter limits': [
    (d) => Object.assign(newNote(d).properties.text, { minLength: 2, maxLength: 99, pattern: '^b', format: 'uri' }),
    [
      ...body('/text: format anything is now "uri"'),
      ...body('/text: pattern "^a" is now "^b"'),
      ...body('/text: maxLength 100 is now 99'),
      ...body('/text: minLength 1 is now 2')
    ]
  ],
  'null is no longer taken': [
    (d) => Object.assign(newNote(d).properties, { due: { type: 'string' } }),
    body('/due: type "null" is now "string"')
  ],
  'further fields take less': [
    (d) => Object.assign(newNote(d).properties.labels, { additionalProperties: { type: 'string' } }),
    body('/labels/*: type ["string","number"] is now "string"')
  ],
  'further fields are no longer taken': [
    (d) => Object.assign(newNote(d).properties.labels, { additionalProperties: false }),
    body('/labels takes no further fields')
  ],
  'a field of an answer is gone': [(d) => delete note(d).properties.count, both('/count is gone')],
  'a field of an answer may be missing': [(d) => note(d).required.pop(), both('/state may be missing')],
  'an enum of an answer has a new value': [
    (d) => d.components.schemas.State.enum.push('late'),
    both('/state: enum ["open","done"] is now ["open","done","late"]')
  ],
  'an enum of an answer becomes any text': [
    (d) => delete d.components.schemas.State.enum,
    both('/state: enum ["open","done"] is now anything')
  ],
  'an answer may be null': [
    (d) => Object.assign(note(d).properties.count, { type: ['integer', 'null'] }),
    both('/count: type "integer" is now ["integer","null"]')
  ],
  'an answer may have another form': [
    (d) => note(d).properties.due.anyOf.push({ type: 'boolean' }),
    both('/due: type "string" is now "boolean"')
  ],
  'an integer of an answer becomes a number': [
    (d) => Object.assign(note(d).properties.count, { type: 'number' }),
    both('/count: type "integer" is now "number"')
  ],
  'an answer has another format': [
    (d) => delete note(d).properties.id.format,
    both('/id: format "uuid" is now anything')
  ],
  'the items of an answer change': [
    (d) => Object.assign(note(d).properties.tags.items, { type: 'integer' }),
    both('/tags/items: type "string" is now "integer"')
  ],
  'further fields of an answer may have any form': [
    (d) => Object.assign(note(d).properties.more, { additionalProperties: true }),
    both('/more/* may have any form')
  ],
  'an answer is gone': [(d) => delete get(d).responses[404], [`${GET}: the answer 404 is gone`]],
  'there is another answer of success': [
    (d) => Object.assign(get(d).responses, { 202: {} }),
    [`${GET}: it can now answer 202`]
  ],
  'an answer has another media type': [
    (d) => Object.assign(get(d).responses[200], { content: { 'text/csv': {} } }),
    [`${GET}: the answer 200 is no longer application/json`]
  ],
  'a header of an answer is gone': [
    (d) => delete get(d).responses[200].headers,
    [`${GET}: the answer 200 no longer has the header ETag`]
  ],
  'a header of an answer may be missing': [
    (d) => delete get(d).responses[200].headers.ETag.required,
    [`${GET}: the answer 200 may lack the header ETag`]
  ],
  'a header of an answer has another type': [
    (d) => Object.assign(get(d).responses[200].headers.ETag.schema, { type: 'integer' }),
    [`${GET}: the answer 200, header ETag: /: type "string" is now "integer"`]
  ],
  'an open operation needs a token': [
    (d) => Object.assign(d, { security: [{ bearer: [] }] }),
    [`${POST}: no token is no longer enough`]
  ],
  'an operation needs another credential': [
    (d) => Object.assign(get(d), { security: [{ bearer: [], key: [] }] }),
    [`${GET}: bearer is no longer enough`]
  ],
  'an operation needs another scope': [
    (d) => Object.assign(get(d), { 'x-scope': 'notes' }),
    [`${GET}: the scope notes:read is no longer enough`]
  ],
  'an operation needs a step-up': [
    (d) => Object.assign(get(d), { 'x-step-up': true }),
    [`${GET}: it now needs a step-up`]
  ]
}

for (const [name, [change, expected]] of Object.entries(breaking))
  test(`a breaking change is reported: ${name}`, (t) => {
    t.strictSame(found(change).sort(), [...expected].sort())
    t.end()
  })

const harmless: Record<string, (document: Document) => unknown> = {
  'nothing changes': () => {},
  'there are a new path and a new operation': (d) => {
    d.paths['/tags'] = { get: { responses: {} } }
    d.paths['/notes'].delete = { responses: {} }
  },
  'an internal operation is gone': (d) => delete d.paths['/internal'],
  'there is a new optional parameter': (d) =>
    get(d).parameters.push({ in: 'query', name: 'q', schema: { type: 'string' } }),
  'a header parameter is written otherwise': (d) => Object.assign(d.paths['/notes'].parameters[0], { name: 'x-team' }),
  'a field of a request is new': (d) => Object.assign(newNote(d).properties, { owner: { type: 'string' } }),
  'a field of a request is no longer required': (d) => newNote(d).required.pop(),
  'a request takes more': (d) => {
    newNote(d).properties.state.enum.push('late')
    Object.assign(newNote(d).properties.text, { maxLength: 200, minLength: 0 })
    delete newNote(d).properties.text.pattern
    newNote(d).properties.due.anyOf.push({ type: 'boolean' })
    newNote(d).additionalProperties = true
  },
  'a field of an answer is new, and another is always there': (d) => {
    Object.assign(note(d).properties, { owner: { type: 'string' } })
    note(d).required.push('due')
  },
  'an answer has narrower values': (d) => {
    d.components.schemas.State.enum.pop()
    note(d).properties.due.anyOf.pop()
  },
  'an answer has other limits': (d) => Object.assign(note(d).properties.id, { maxLength: 40, pattern: '.' }),
  'there is a new code of problems': (d) => d.components.schemas.ProblemCode.enum.push('conflict'),
  'there is a new kind of revocation': (d) => d.components.schemas.RevocationKind.enum.push('signing_key'),
  'there is another answer of failure': (d) => Object.assign(get(d).responses, { 409: {} }),
  'an operation takes another credential, too': (d) => get(d).security.push({ key: [] }),
  'an operation needs no token': (d) => Object.assign(get(d), { security: [] }),
  'a schema has another name': (d) => {
    d.components.schemas.Remark = note(d)
    get(d).responses[200].content['application/json'].schema = { $ref: '#/components/schemas/Remark' }
  },
  'descriptions and examples are others': (d) =>
    Object.assign(note(d), { description: 'x', examples: [{}], 'x-more': 1 })
}

for (const [name, change] of Object.entries(harmless))
  test(`a compatible change is not reported: ${name}`, (t) => {
    t.strictSame(found(change), [])
    t.end()
  })

test('codes of problems may grow, but may not become any text', (t) => {
  t.strictSame(
    found((d) => delete d.components.schemas.ProblemCode.enum),
    [`${GET}: the answer 404: /code: enum ["not_found"] is now anything`]
  )
  t.end()
})

test('a $ref that cannot be resolved is an error', (t) => {
  t.throws(
    () => found((d) => delete d.components.schemas.State),
    new Error('#/components/schemas/State is not in the contract')
  )
  t.end()
})

test('in the contract of the service, each kind of change is found', (t) => {
  const now: Contract = parse(file)
  t.strictSame(breakingChanges(now, now), [])
  for (const name of ['Task', 'Problem', 'AuthResponse']) {
    const changed: Document = structuredClone(now)
    const { properties, required } = changed.components.schemas[name]
    delete properties[required[0]]
    t.match(breakingChanges(now, changed).join('\n'), `/${required[0]} is gone`, name)
  }
  t.end()
})
