export interface Element {
  name: string
  attributes: Record<string, string>
  children: Element[]
}

/** Parses XML without comments, sections and instructions. Throws an error if it is not well-formed. */
export function parseXml(text: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] }
  const open = [root]
  const pattern = /<\?xml[^>]*\?>|<\/(\w+)>|<(\w+)((?:\s+\w+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy
  let end = 0
  for (const [all, closed, opened, attributes = '', empty, content] of text.matchAll(pattern)) {
    end += all.length
    if (content && /&(?!#\d+;|#x[\da-f]+;|(?:lt|gt|amp|quot|apos);)/i.test(content))
      throw new Error(`bare & in ${content}`)
    if (closed && open.pop()?.name !== closed) throw new Error(`</${closed}> closes nothing`)
    if (!opened) continue
    const pairs = [...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value])
    const element = { name: opened, attributes: Object.fromEntries(pairs), children: [] }
    open.at(-1)?.children.push(element)
    if (!empty) open.push(element)
  }
  const [document] = root.children
  if (end < text.length || open.length > 1 || !document) throw new Error(`not well-formed after ${end} characters`)
  return document
}
