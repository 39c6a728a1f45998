import { readFile } from 'node:fs/promises'
import { createLinter, loadLinterFormatter, loadTextlintrc } from 'textlint'
import { parse } from 'yaml'

/**
 * Lints what people read: `npm run lint:words`. The vocabulary is in .textlintrc.json. The contract's texts are linted as one page with
 * a line for each.
 */

const pages = [
  '*.md',
  'docs/**/*.md',
  'test/README.md',
  'web/README.md',
  'web/client/README.md',
  'packages/*/README.md'
]

/** Every summary and description below this value. */
function textsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' && (name === 'summary' || name === 'description') ? [inner] : textsOf(inner)
  )
}

const linter = createLinter({ descriptor: await loadTextlintrc({ configFilePath: '.textlintrc.json' }) })
const contract = textsOf(parse(await readFile('openapi.yaml', 'utf8')))
const results = [...(await linter.lintFiles(pages)), await linter.lintText(contract.join('\n\n'), 'openapi.yaml.md')]
const formatter = await loadLinterFormatter({ formatterName: 'unix' })
const found = results.filter(({ messages }) => messages.length > 0)
if (found.length > 0) {
  process.stdout.write(`${formatter.format(found)}\n`)
  process.exitCode = 1
}
