import type { Answer, Caller } from '../helpers/http.ts'
import { type Patience, patiently } from './patience.ts'
import type { Person } from './people.ts'
import type { LeftOut, Planned, Request } from './plan.ts'
import { madePath } from './steps.ts'

interface Preparation {
  call: Caller
  people: Person[]
  planned: Planned[]
  objects: number
  prefix: string
  patience: Patience
}

const depth = ({ operation }: Planned) => operation.path.split('/').length

/** Whether an answer shows that the operation is not for this run; a fault of the deployment is, because it counts. */
const isRefusal = ({ status }: Answer) => status >= 300 && status !== 304 && (status < 500 || status === 503)

function reasonOf({ status, text }: Answer): string {
  try {
    const { code, detail } = JSON.parse(text)
    return `answered ${[status, code, detail].filter(Boolean).join(' ')}`
  } catch {
    return `answered ${status}`
  }
}

/** Makes objects for everybody, then tries each operation once. Returns those that work, and why the others do not. */
export async function prepare({ call, people, planned, objects, prefix, patience }: Preparation) {
  const leftOut: LeftOut[] = []
  const broken = new Set<Planned>()
  const ask = ({ method, path, ...request }: Request) => patiently(() => call(method, path, request), patience)

  const creations = planned.filter(({ kind }) => kind === 'create').toSorted((a, b) => depth(a) - depth(b))
  /** Makes the objects of one kind. Returns why that does not work, or undefined. */
  async function fill({ operation: { path }, requestFor }: Planned): Promise<string | undefined> {
    for (const person of people) {
      const made: string[] = []
      // One more, to be deleted.
      while (made.length < objects + 1) {
        const request = requestFor(person)
        if (!request) return 'needs an object that could not be made'
        const answer = await ask(request)
        if (isRefusal(answer) || answer.status >= 500) return reasonOf(answer)
        const object = madePath(request.path, answer.text, answer.headers.location, prefix)
        if (!object) return 'its answer has neither an id nor a Location'
        made.push(object)
      }
      person.spare.set(path, made.splice(-1))
      person.objects.set(path, made)
    }
    return undefined
  }
  for (const one of creations) {
    const reason = await fill(one)
    if (reason === undefined) continue
    broken.add(one)
    leftOut.push({ name: one.operation.name, reason })
  }

  const [person] = people
  for (const one of planned) {
    if (one.kind === 'create' || !person) continue
    const request = one.requestFor(person)
    const answer = request && (await ask(request))
    if (answer && !isRefusal(answer)) continue
    broken.add(one)
    const reason = answer ? reasonOf(answer) : 'needs an object that could not be made'
    leftOut.push({ name: one.operation.name, reason })
  }
  return { planned: planned.filter((one) => !broken.has(one)), leftOut }
}
