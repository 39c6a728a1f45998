import { test } from 'tap'
import { allowedVersions, etagOf, isKnown } from '../../src/http/preconditions.ts'

const time = '2026-11-20T20:08:04.123Z'
const other = '2026-11-20T20:08:04.124Z'
const tag = etagOf({ updated_at: time })

test('an ETag is strong and valid HTTP', (t) => {
  t.match(tag, /^"[\x21\x23-\x7e]+"$/)
  t.not(tag, etagOf({ updated_at: other }))
  t.end()
})

test('If-Match accepts its strong tags, or any version without tags', (t) => {
  const cases: [string | undefined, string[] | undefined][] = [
    [undefined, undefined],
    ['*', undefined],
    [tag, [time]],
    [`${tag}, "${other}"`, [time, other]],
    [`, ${tag} ,,"${other}",`, [time, other]],
    [`W/${tag}`, []],
    [`W/${tag}, "${other}"`, [other]],
    ['""', []],
    ['"something-else", "*"', []],
    ['"2026-02-30T00:00:00.000Z"', []],
    ['"2026-13-01T00:00:00.000Z"', []],
    ['"2026-11-20T20:08:60.000Z"', []],
    ['"0000-11-20T20:08:04.123Z"', []],
    ['"+275760-11-20T20:08:04.123Z"', []],
    ['"infinity"', []]
  ]
  for (const [header, versions] of cases) t.strictSame(allowedVersions(header), versions, `${header}`)
  t.end()
})

test('a malformed If-Match is refused', (t) => {
  for (const header of [
    '',
    time,
    `"${time}`,
    `${tag} ${time}`,
    `w/${tag}`,
    '* , *',
    `*, ${tag}`,
    ',',
    '"a b"',
    '"\u0000"'
  ])
    t.throws(() => allowedVersions(header), { status: 400, code: 'malformed_request', message: /If-Match/ }, header)
  t.end()
})

test('the longest header is parsed in linear time', (t) => {
  for (const piece of ['"', '" ', ', ', 'W/', 'W/"', '""'])
    t.doesNotThrow(() => isKnown(piece.repeat(16_384 / piece.length), tag), piece)
  t.end()
})

test('If-None-Match compares weakly, and ignores malformed tags', (t) => {
  for (const header of ['*', tag, `W/${tag}`, `"x", ${tag}`, `"x",W/${tag}`])
    t.equal(isKnown(header, tag), true, header)
  for (const header of [undefined, '', time, `"${time}`, `"${other}"`, 'W/""', '"*"'])
    t.equal(isKnown(header, tag), false, `${header}`)
  t.end()
})
