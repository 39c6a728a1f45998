/** What our web app must know of the product that it belongs to. */
export interface Shown {
  appName: string
  /** The pages that it has besides those of accounts. */
  pages: readonly string[]
  /** What users may allow a personal access token. */
  scopes: readonly string[]
}

const ownName = 'Gatehouse'
/** The element of our own page, by which it is known. */
const root = /<html lang="en" data-app="[^>]*>/
/** The line of our own manifest, by which it is known. */
const ownDescription = '"Your tasks, for your eyes only."'
const about = /(<meta name="description" content=")[^"]*/

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character] as string)

/**
 * Returns a function that writes the product into a file of our web app, so that the first page needs no request for it. Other
 * files, and those of another app, stay as they are.
 */
export function createShowing({ appName, pages, scopes }: Shown): (path: string, body: Buffer) => Buffer {
  const name = escaped(appName)
  const hasTasks = pages.includes('tasks')
  const attributes = `data-app="${name}" data-pages="${pages.join(' ')}" data-scopes="${scopes.join(' ')}"`

  function page(html: string): string {
    if (!root.test(html)) return html
    const named = html.replaceAll(ownName, () => name)
    const described = hasTasks ? named : named.replace(about, (_all, start) => `${start}Your account at ${name}.`)
    return described.replace(root, () => `<html lang="en" ${attributes}>`)
  }

  function manifest(text: string): string {
    if (!text.includes(ownDescription)) return text
    const named = text.replaceAll(`"${ownName}"`, () => JSON.stringify(appName))
    return hasTasks ? named : named.replace(ownDescription, () => JSON.stringify(`Your account at ${appName}.`))
  }

  return function show(path, body) {
    const write = { 'index.html': page, 'manifest.webmanifest': manifest }[path]
    if (!write) return body
    const text = body.toString()
    const written = write(text)
    return written === text ? body : Buffer.from(written)
  }
}
