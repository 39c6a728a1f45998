import { cp, mkdir, readFile, rename, rmdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { Machine } from './machine.ts'

interface Instruction {
  name: string
  text: string
}

interface Stage {
  name: string
  image: string
  instructions: Instruction[]
}

interface Image {
  folder: string
  image: string
  env: Record<string, string>
  command: string[]
  health: string[]
}

/** The stages of a Dockerfile. Comments go; a backslash continues a line. */
export function stagesOf(text: string): Stage[] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
  const stages: Stage[] = []
  for (const line of lines.filter((line) => line.trim() !== '')) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? []
    const [image = '', , as] = rest.split(/\s+/)
    if (name === 'FROM') stages.push({ name: as ?? '', image, instructions: [] })
    else stages.at(-1)?.instructions.push({ name, text: rest })
  }
  return stages
}

/** Whether a path of the build context is sent, after the patterns that the templates use. */
export function isIgnored(path: string, patterns: string[]): boolean {
  const parts = path.split(sep)
  return patterns.some((pattern) =>
    pattern.startsWith('**/') ? parts.includes(pattern.slice(3)) : parts[0] === pattern
  )
}

const pairsOf = (text: string) => text.split(/\s+/).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])

/**
 * Does what `docker build` does with a Dockerfile of the templates, without Docker: each stage is a folder, and its commands run
 * there as they are written. Any instruction that it does not know is an error.
 */
export async function buildImage(
  { folder: machine, run }: Pick<Machine, 'folder' | 'run'>,
  project: string,
  { target, args = {} }: { target?: string; args?: Record<string, string> } = {}
) {
  const stages = stagesOf(await readFile(join(project, 'Dockerfile'), 'utf8'))
  const ignored = (await readFile(join(project, '.dockerignore'), 'utf8')).split('\n').filter(Boolean)
  const wanted = target === undefined ? stages.at(-1) : stages.find(({ name }) => name === target)
  if (!wanted) throw new Error(`The Dockerfile has no stage ${target}`)
  // The base image has the usual programs of Debian, and the Node.js of this process.
  const PATH = [join(machine, 'bin'), '/usr/bin', '/bin'].join(':')

  async function build({ image, instructions }: Stage): Promise<Image> {
    const folder = join(machine, `image-${crypto.randomUUID()}`)
    await mkdir(folder)
    const env: Record<string, string> = {}
    let command: string[] = []
    let health: string[] = []
    for (const { name, text } of instructions) {
      if (name === 'WORKDIR' && text === '/app') continue
      if (name === 'USER' || name === 'EXPOSE') continue
      if (name === 'ENV') Object.assign(env, Object.fromEntries(pairsOf(text)))
      else if (name === 'ARG') Object.assign(env, Object.fromEntries(pairsOf(text)), args)
      else if (name === 'CMD') command = JSON.parse(text)
      else if (name === 'HEALTHCHECK') health = JSON.parse(text.replace(/^.*?CMD /, ''))
      else if (name === 'RUN') await run({ cwd: folder, env: { ...env, PATH } }, '/bin/sh', '-ec', text)
      else if (name === 'COPY' && text === '. .')
        await cp(project, folder, {
          recursive: true,
          filter: (path) => path === project || !isIgnored(relative(project, path), ignored)
        })
      else if (name === 'COPY') {
        const [, from = ''] = /^--from=(\w+) \/app \.$/.exec(text) ?? []
        const stage = stages.find((stage) => stage.name === from)
        if (!stage) throw new Error(`There is no stage ${from}`)
        // A copy of node_modules would take as long as to install it.
        const built = await build(stage)
        await rmdir(folder)
        await rename(built.folder, folder)
      } else throw new Error(`${name} ${text} is not known here`)
    }
    return { folder, image, env, command, health }
  }
  return build(wanted)
}
