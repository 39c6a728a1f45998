/** What a rule looks at: a statement or one action of an ALTER TABLE, in lower case, without quotes, literals and comments. */
interface Step {
  text: string
  /** The tables that this migration itself has made: nobody waits for those, and no old code knows them. */
  made: Set<string>
  /** The constraints that this migration itself has added. */
  added: Set<string>
}

/** Why a statement may not run while old code serves requests, by the name that a migration accepts it under. */
export const rules: Record<string, { why: string; broken: (step: Step) => boolean }> = {
  'create index': {
    why: 'writes wait until it is built: build it by hand, CONCURRENTLY, before the release',
    broken: ({ text, made }) => {
      const [, table] = /^create (?:unique )?index .*?\bon (?:only )?(\w+)/.exec(text) ?? []
      return table !== undefined && !made.has(table)
    }
  },
  'add required column': {
    why: 'old code does not fill it, and rows that exist have no value: add it with a default, or nullable',
    broken: ({ text }) =>
      /^add (column )?/.test(text) &&
      isColumn(text) &&
      /\bnot null\b/.test(text) &&
      !/\bdefault\b|\bgenerated\b/.test(text)
  },
  'rewrite table': {
    why: 'every row is written anew while nobody can read: add a new column and fill it in batches',
    broken: ({ text }) =>
      (isColumn(text) &&
        /\b(small|big)?serial\b|\bgenerated\b|\bdefault\b.*\b(random|gen_random_uuid|uuid_\w+|clock_timestamp|timeofday|nextval|setval)\(/.test(
          text
        )) ||
      /^alter (column )?\w+ (set data )?type\b|^set (tablespace|logged|unlogged|access method|without oids)\b/.test(
        text
      )
  },
  'set not null': {
    why: 'all rows are read while nobody can write, and old code may not fill it: first a check NOT VALID, validated later',
    broken: ({ text }) => /^alter (column )?\w+ set not null\b/.test(text)
  },
  'add constraint': {
    why: 'all rows are checked while nobody can write: add it NOT VALID, or USING INDEX, and validate it in the next release',
    broken: ({ text }) =>
      (/^add (constraint \w+ )?(check|foreign key|unique|primary key|exclude)\b/.test(text) &&
        !/\bnot valid$|\busing index\b/.test(text)) ||
      (isColumn(text) && /\b(references|check|unique|primary key)\b/.test(text))
  },
  'validate constraint': {
    why: 'the lock that added it is kept until the end: validate it in the next release',
    broken: ({ text, added }) => added.has(/^validate constraint (\w+)/.exec(text)?.[1] ?? '')
  },
  'drop or rename': {
    why: 'old code still asks for it: first a release that does not, then one that drops it',
    broken: ({ text, made }) =>
      /^drop (column|default)\b|^rename\b|^set schema\b|^alter (column )?\w+ drop default\b|^alter (type|view|index|function|sequence)\b.* rename\b/.test(
        text
      ) ||
      (/^drop (?!constraint|not null|index)/.test(text) &&
        !made.has(/^drop table (?:if exists )?(\w+)/.exec(text)?.[1] ?? ''))
  },
  'row security': {
    why: 'old code sees no rows any more',
    broken: ({ text }) => /^(enable|force) row level security/.test(text)
  },
  'change many rows': {
    why: 'rows stay locked until all migrations are through: change them in batches, outside of migrations',
    broken: ({ text, made }) => {
      const [, table] = /^(?:with\b.*\b)?(?:update|delete from|merge into)\s(?:only )?(\w+)/.exec(text) ?? []
      return table !== undefined && !made.has(table)
    }
  },
  'lock table': {
    why: 'everybody waits',
    broken: ({ text }) => /^(lock|truncate|reindex|cluster|vacuum|refresh materialized view)\b/.test(text)
  },
  concurrently: {
    why: 'it cannot run in the transaction of migrations: run it by hand',
    broken: ({ text }) => /\bconcurrently\b/.test(text)
  }
}

const isColumn = (text: string) =>
  /^add (column )?(?!constraint\b|check\b|foreign key\b|unique\b|primary key\b|exclude\b)/.test(text)

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

/** What is wrong with a migration's SQL: the name of each rule that a statement breaks, and the statement. */
export function broken(sql: string[]): { rule: string; text: string }[] {
  const made = new Set<string>()
  const added = new Set<string>()
  return sql.flatMap(statementsOf).flatMap((statement) => {
    const [, table = '', actions = ''] = /^alter table (?:if exists )?(?:only )?(\w+) (.*)$/.exec(statement) ?? []
    const steps = table ? (made.has(table) ? [] : actionsOf(actions)) : [statement]
    const found = steps.flatMap((text) =>
      Object.entries(rules)
        .filter(([, rule]) => rule.broken({ text, made, added }))
        .map(([rule]) => ({ rule, text }))
    )
    const [, created] = /^create (?:unlogged )?table (?:if not exists )?(\w+)/.exec(statement) ?? []
    if (created) made.add(created)
    for (const text of steps) {
      const [, constraint] = /^add constraint (\w+)/.exec(text) ?? []
      if (constraint) added.add(constraint)
    }
    return found
  })
}
