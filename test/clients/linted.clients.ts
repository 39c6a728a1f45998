import { test } from 'tap'
import { shell } from './programs.ts'

test('Spectral finds nothing in the contract but what config/spectral.yaml lists with a reason', async (t) => {
  t.match(
    await shell('spectral lint --ruleset config/spectral.yaml --fail-severity hint ../../openapi.yaml'),
    /No results/
  )
})
