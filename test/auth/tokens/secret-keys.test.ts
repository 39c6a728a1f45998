import { test } from 'tap'
import { openSecretKeys } from '../../../src/auth/tokens/secret-keys.ts'
import { secret } from '../../helpers/app.ts'
import { mint, ourClaims, ourHeader } from '../../helpers/mint.ts'

const { 1: key } = openSecretKeys([{ kid: '1', secret }])
const token = mint(ourHeader, ourClaims())

test('a secret verifies HS256 only, even with a right signature', async (t) => {
  t.match(key?.verify(token), { iss: 'gatehouse' })
  for (const bits of [384, 512]) {
    const other = mint({ ...ourHeader, alg: `HS${bits}` }, ourClaims(), secret, `sha${bits}`)
    t.throws(() => key?.verify(other), /algorithm/, `HS${bits}`)
  }
})

test('two verifications of a token share no object', async (t) => {
  t.not(key?.verify(token), key?.verify(token))
})
