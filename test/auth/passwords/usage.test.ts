import { test } from 'tap'
import { networksOf } from '../../../src/auth/passwords/usage.ts'

test('the networks of an address are its /24 and /16, or for IPv6 its /48 and /32', (t) => {
  t.strictSame(networksOf('192.0.2.1'), ['192.0.2.1', '192.0.2', '192.0'])
  t.strictSame(networksOf('2001:db8:1:2::'), ['2001:db8:1:2::', '2001:db8:1', '2001:db8'])
  t.strictSame(networksOf('2001:db8::'), ['2001:db8::', '2001:db8:0', '2001:db8'])
  t.strictSame(networksOf('2001:0:0:1::'), ['2001:0:0:1::', '2001:0:0', '2001:0'])
  t.end()
})
