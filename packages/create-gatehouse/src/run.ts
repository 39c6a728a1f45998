import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { create } from './create.ts'
import { packageName } from './names.ts'
import { readOptions, usage, type Web } from './options.ts'
import { askFor, type Terminal } from './questions.ts'
import { Refusal } from './refusal.ts'

/** The first version of Node.js that Gatehouse runs on. */
const needed = 24

interface Surroundings extends Terminal {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean }
  stderr: NodeJS.WritableStream
  versions: { node: string }
  cwd: () => string
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const described: Record<Web, string> = {
  none: 'no front end',
  vite: 'a front end in web/ (Vite, React)',
  next: 'a front end in web/ (Next.js)'
}

const opened: Record<Web, string> = {
  none: '',
  vite: '\nThen open http://localhost:8000, and see web/README.md for work on the pages.\n',
  next: '\nThen, in another terminal, npm run types && npm run dev:web, and open http://localhost:3000.\n'
}

async function createProject(args: string[], around: Surroundings): Promise<string> {
  const given = readOptions(args)
  if (given.help) return usage
  if (given.version) return `${version}\n`
  const isAsking = around.stdin.isTTY === true && !given.yes
  const { folder, web } = isAsking
    ? await askFor(given, around)
    : { folder: given.folder ?? 'my-app', web: given.web ?? ('vite' as const) }
  const path = resolve(around.cwd(), folder)
  const name = packageName(path)
  const bringsNode = Number.parseInt(around.versions.node, 10) < needed
  const files = create({ folder: path, name, web, version, bringsNode })
  const where = relative(around.cwd(), path)
  return `
${name}: ${files.length} files in ${path}
  an API with accounts and one resource, notes, with its migration and its test; ${described[web]};
  Dockerfile and CI; a secret of its own in .env, which git ignores${
    bringsNode
      ? `
  This is Node.js ${around.versions.node}: package.json adds Node.js ${needed} for the project's own scripts`
      : ''
  }

Next:
${where && `  cd ${where}\n`}  npm install && npm test
  npm start
${opened[web]}
README.md says where everything is.
`
}

/** Returns the exit code. */
export async function run(args: string[], around: Surroundings): Promise<number> {
  try {
    around.stdout.write(await createProject(args, around))
    return 0
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    if (!(error instanceof Refusal) && code === undefined) throw error
    around.stderr.write(error instanceof Refusal ? `${message}\n` : `The project cannot be created: ${message}\n`)
    return 1
  }
}
