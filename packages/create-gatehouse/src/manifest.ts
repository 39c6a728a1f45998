type Json = { [name: string]: Json | string | boolean | string[] }

/** Adds the entries of the second to the first, in the order of the second. */
function merge(first: Json, second: Json): Json {
  const merged = { ...first }
  for (const [name, value] of Object.entries(second)) {
    const before = merged[name]
    const isObject = typeof value === 'object' && !Array.isArray(value)
    merged[name] = isObject && typeof before === 'object' ? merge(before as Json, value) : value
  }
  return merged
}

const isOurs = (name: string) => name.startsWith('@gatehouse/')

/** A package.json of the project: its parts in one, with this version of the packages of Gatehouse. */
export function manifestOf(
  parts: string[],
  { version, bringsNode = false }: { version: string; bringsNode?: boolean }
) {
  const manifest = parts.map((text): Json => JSON.parse(text)).reduce(merge)
  for (const kind of ['dependencies', 'devDependencies'])
    for (const [name] of Object.entries(manifest[kind] ?? {}).filter(([name]) => isOurs(name)))
      Object.assign(manifest[kind] as Json, { [name]: `^${version}` })
  const node: Json = { optionalDependencies: { node: '^24.21.0' }, allowScripts: { node: true } }
  return `${JSON.stringify(bringsNode ? merge(manifest, node) : manifest, null, 2)}\n`
}
