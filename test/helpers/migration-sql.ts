/** A statement, or one action of an ALTER TABLE, in lower case without quotes, literals and comments. */
export interface Step {
  text: string
  /** Tables that this migration has created: no other code uses them. */
  made: Set<string>
  /** Constraints that this migration has added. */
  added: Set<string>
}

/** A name, possibly with its schema. */
const name = String.raw`((?:\w+\.)?\w+)`

/** A pattern with a capture group for NAME, the name of a table. */
export const pattern = (source: string) => new RegExp(source.replaceAll('NAME', name))

const alterTable = pattern('^alter (?:foreign )?table (?:if exists )?(?:only )?NAME(?: \\*)? (.*)$')
// With IF NOT EXISTS, or for a temporary table, the name may be that of a table with rows.
const createTable = pattern('^create (?:unlogged )?table (?!if not exists )NAME')
const attached = pattern('^attach partition NAME')

/** Splits SQL into statements, in lower case, without literals and comments. */
const statementsOf = (sql: string) =>
  sql
    .replace(/--.*$/gm, ' ')
    .replace(/\/\*.*?\*\//gs, ' ')
    .replace(/\$(\w*)\$.*?\$\1\$/gs, "''")
    .replace(/'(?:[^']|'')*'/g, "''")
    .replaceAll('"', '')
    .toLowerCase()
    .split(';')
    .map((text) =>
      text
        .replace(/\s+/g, ' ')
        .replace(/\bpublic\./g, '')
        .trim()
    )
    .filter(Boolean)

/** Splits an ALTER TABLE at commas outside of brackets. */
function actionsOf(text: string): string[] {
  let depth = 0
  const actions = ['']
  for (const character of text) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (character === ',' && depth === 0) actions.push('')
    else actions[actions.length - 1] += character
  }
  return actions.map((action) => action.trim())
}

/** Yields everything that a migration does to existing objects, in order. */
export function* stepsOf(sql: string[]): Generator<Step> {
  const made = new Set<string>()
  const added = new Set<string>()
  for (const statement of sql.flatMap(statementsOf)) {
    const [, table = '', actions = ''] = alterTable.exec(statement) ?? []
    // A new table may be changed freely, but not an existing one that is attached to it.
    const isFree = (action: string) => made.has(table) && made.has(attached.exec(action)?.[1] ?? table)
    const steps = table ? actionsOf(actions).filter((action) => !isFree(action)) : [statement]
    for (const text of steps) yield { text, made, added }
    const [, created] = createTable.exec(statement) ?? []
    if (created) made.add(created)
    for (const text of steps) {
      const [, constraint] = /^add constraint (\w+)/.exec(text) ?? []
      if (constraint) added.add(constraint)
    }
  }
}
