/** What a rule looks at: a statement or one action of an ALTER TABLE, in lower case, without quotes, literals and comments. */
export interface Step {
  text: string
  /** The tables that this migration itself has made: nobody waits for those, and no old code knows them. */
  made: Set<string>
  /** The constraints that this migration itself has added. */
  added: Set<string>
}

/** A name, with its schema where it has one. */
const name = String.raw`((?:\w+\.)?\w+)`

/** A pattern in which NAME stands for the name of a table, and captures it. */
export const pattern = (source: string) => new RegExp(source.replaceAll('NAME', name))

const alterTable = pattern('^alter (?:foreign )?table (?:if exists )?(?:only )?NAME(?: \\*)? (.*)$')
// With IF NOT EXISTS, or a temporary one, the name may be that of a table with rows.
const createTable = pattern('^create (?:unlogged )?table (?!if not exists )NAME')
const attached = pattern('^attach partition NAME')

/** SQL in lower case, one statement a piece, without what could look like SQL and is none. */
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

/** The actions of an ALTER TABLE: what stands between the commas outside of brackets. */
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

/** All that a migration does to what was there before it, in its order. */
export function* stepsOf(sql: string[]): Generator<Step> {
  const made = new Set<string>()
  const added = new Set<string>()
  for (const statement of sql.flatMap(statementsOf)) {
    const [, table = '', actions = ''] = alterTable.exec(statement) ?? []
    // A table that is made here is free, but not one with rows that becomes a part of it.
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
