import { test } from 'tap'
import { type Area, areaOf, type CheckId, catalogue } from '../../packages/gatehouse/src/catalogue.ts'
import { prove } from '../../packages/gatehouse/src/prove.ts'
import { notesProfile, proveToken, startNotes } from '../helpers/notes-service.ts'
import '../helpers/without-database.ts'

const bounds = { rate: 1_000_000, maxRequests: 5000, time: 480_000 }
const run = (url: string, only?: Area[]) =>
  prove({ ...bounds, url, token: proveToken, profile: notesProfile, profileName: 'notes', only })

/** Checks that need cookies or TLS: see cookies-and-tls.system.ts. */
const others = /^(cookies|transport)\./

test('a service without faults has no finding', async (t) => {
  const { results, incomplete, remarks } = await run(await startNotes(t))
  t.strictSame(
    results.filter(({ outcome }) => outcome === 'finding').map(({ id, evidence }) => [id, evidence]),
    []
  )
  const skipped = results.filter(({ outcome }) => outcome === 'skipped').map(({ id }) => id)
  t.strictSame(
    skipped.filter((id) => !others.test(id) && id !== 'cors.any'),
    []
  )
  t.strictSame([incomplete, remarks], [undefined, []])
})

for (const id of (Object.keys(catalogue) as CheckId[]).filter((id) => !others.test(id)))
  test(`${id} finds its fault, and no other check of the area does`, async (t) => {
    const area = id === 'isolation.assignment' ? 'passwords' : areaOf(id)
    const only: Area[] = [
      ...new Set<Area>([area, areaOf(id), ...(id === 'headers.trace' ? (['limits'] as const) : [])])
    ]
    const { results } = await run(await startNotes(t, id), only)
    const found = results.filter(({ outcome }) => outcome === 'finding')
    t.strictSame(
      found.map((result) => result.id),
      [id],
      found
        .flatMap(({ evidence }) => evidence)
        .slice(0, 9)
        .join('\n')
    )
  })
