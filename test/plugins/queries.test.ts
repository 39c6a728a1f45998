import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { pointersOf } from '../helpers/refused.ts'

const { signUp } = await startApp(t)
const ann = await signUp()
for (const title of ['one', 'two', 'three']) await ann.post('/api/tasks', { title })

test('query parameters are converted to their types', async (t) => {
  for (const query of ['limit=2', 'limit=02', 'limit=%32', 'limit=2&status=all&sort=created&order=desc', '&limit=2&'])
    t.equal((await ann.get(`/api/tasks?${query}`)).json().items.length, 2, query)
  for (const query of ['', 'q=', 'limit=100'])
    t.equal((await ann.get(`/api/tasks?${query}`)).json().items.length, 3, query)
})

test('an invalid query is refused with a pointer to its parameter', async (t) => {
  const cases: Record<string, string[]> = {
    '/limit': ['limit=', 'limit', 'limit=0', 'limit=-1', 'limit=101', 'limit=99999999999999999999', 'limit=1.5'],
    '/limit#words': [
      'limit=true',
      'limit=null',
      'limit=NaN',
      'limit=Infinity',
      'limit=-Infinity',
      'limit=1_0',
      'limit=1e999'
    ],
    '/limit#twice': ['limit=1&limit=2', 'limit=1&limit=1'],
    '/status': ['status=ALL', 'status=', 'status=all&status=all'],
    '/sort': ['sort=__proto__', 'sort=constructor', 'sort=created_at', 'sort=title;drop%20table%20tasks'],
    '/order': ['order=ASC', 'order=up'],
    '/q': ['q=a&q=b', `q=${'a'.repeat(201)}`, 'q=%00'],
    '/cursor': ['cursor=', 'cursor=a', `cursor=${'a'.repeat(5_000)}`],
    '/x': ['x=1'],
    '/LIMIT': ['LIMIT=1'],
    '/limit[]': ['limit[]=1'],
    '/__proto__': ['__proto__=1'],
    '/constructor': ['constructor=1']
  }
  for (const [name, queries] of Object.entries(cases))
    for (const query of queries) {
      const answer = await ann.get(`/api/tasks?${query}`)
      const [pointer] = name.split('#')
      t.match(answer.json(), { status: 400, code: 'validation_failed' }, query)
      t.strictSame(pointersOf(answer), [pointer], query)
    }
})

test('an invalid UUID is refused with a pointer', async (t) => {
  const id = '01a1fac7-39a2-7379-b245-fd3a37361f6d'
  for (const wrong of [
    'a',
    `urn:uuid:${id}`,
    `{${id}}`,
    id.replaceAll('-', ''),
    `${id}%0a`,
    `%20${id}`,
    '__proto__',
    '%00',
    'a%2Fb',
    '0',
    '-1'
  ]) {
    const answer = await ann.get(`/api/tasks/${wrong}`)
    t.match(answer.json(), { status: 400, code: 'validation_failed' }, wrong)
    t.strictSame(pointersOf(answer), ['/id'], wrong)
  }
  for (const strange of [id, id.toUpperCase()]) t.equal((await ann.get(`/api/tasks/${strange}`)).statusCode, 404)
})
