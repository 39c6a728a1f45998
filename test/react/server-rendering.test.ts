import { createRequire } from 'node:module'
import { test } from 'tap'
import '../helpers/without-database.ts'
import type { SessionState } from '@gatehouse/client'
import { GatehouseProvider, useSession, useUser } from '../../packages/react/src/index.ts'

// The copies of the package: another copy of React would not know its hooks.
const require = createRequire(new URL('../../packages/react/package.json', import.meta.url))
const { createElement } = require('react') as typeof import('react')
const { renderToString } = require('react-dom/server') as { renderToString: (element: unknown) => string }

test('a server renders what holds for every visitor, and asks nobody', (t) => {
  let asked = 0
  const session = {
    // A client that a server shares by mistake must not put its user into the page.
    state: () => ({ status: 'in', user: { name: 'Ann' } }) as SessionState,
    subscribe: () => () => {},
    async restore() {
      asked += 1
      return session.state()
    }
  }
  const Page = () => `${useSession().status} ${useUser()?.name ?? 'nobody'}`
  t.equal(
    renderToString(createElement(GatehouseProvider, { client: { session } }, createElement(Page))),
    'unknown nobody'
  )
  t.equal(asked, 0)
  t.end()
})

test('a component outside the provider says what is missing', (t) => {
  const Page = () => useSession().status
  t.throws(() => renderToString(createElement(Page)), { message: /inside <GatehouseProvider>/ })
  t.end()
})
