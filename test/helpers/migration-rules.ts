import { pattern, type Step, stepsOf } from './migration-sql.ts'

const indexed = pattern('^create (?:unique )?index .*?\\bon (?:only )?NAME')
const changed = pattern('^(?:with\\b.*\\b)?(?:update|delete from|merge into)\\s(?:only )?NAME')
const partitioned = pattern('^create .*\\bpartition of NAME')

/** A constant default, which PostgreSQL stores once instead of computing it for each row. */
const constant =
  /\bdefault (?:null|true|false|-?[\d.]+|\w*''|array\[\]|now\(\)|(?:current|local)_?(?:date|time|timestamp|user|role)(?:\(\d\))?)(?:::\w+(?:\([\d, ]+\))?(?:\[\])?)*(?= not null\b| null\b| unique\b| primary key\b| check\b| references\b| constraint\b|$)/

/** Why a statement must not run while old code serves requests, by the name that a migration accepts it under. */
export const rules: Record<string, { why: string; broken: (step: Step) => boolean }> = {
  'create index': {
    why: 'writes wait until it is built: build it by hand, CONCURRENTLY, before the release',
    broken: ({ text, made }) => {
      const [, table] = indexed.exec(text) ?? []
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
        (/\b(small|big)?serial\b|\bgenerated\b/.test(text) || (/\bdefault\b/.test(text) && !constant.test(text)))) ||
      /^alter (column )?\w+ (set data )?type\b|^set (tablespace|logged|unlogged|access method|without oids)\b/.test(
        text
      )
  },
  'set not null': {
    why: 'all rows are read while nobody can write, and old code may not fill it: first a check NOT VALID, validated later',
    broken: ({ text }) => /^alter (column )?\w+ set not null\b|^alter domain \S+ set not null\b/.test(text)
  },
  'add constraint': {
    why: 'all rows are checked while nobody can write: add it NOT VALID, or USING INDEX, and validate it in the next release',
    broken: ({ text }) =>
      (/^(alter domain \S+ )?add (constraint \w+ )?(check|foreign key|unique|primary key|exclude|not null)\b/.test(
        text
      ) &&
        !/\bnot valid$|\b(unique|primary key) using index\b/.test(text)) ||
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
        !/^drop table (?:if exists )?(.*?)(?: cascade| restrict)?$/
          .exec(text)?.[1]
          ?.split(', ')
          .every((table) => made.has(table)))
  },
  'add identity': {
    why: 'what old code writes there is refused, or meets numbers that begin with 1: set a sequence as its default',
    broken: ({ text }) => /^alter (column )?\w+ add generated\b/.test(text)
  },
  partition: {
    why: 'all rows are checked while nobody can write, or old code finds fewer: by hand, after a check that is valid',
    broken: ({ text, made }) => {
      const [, parent] = partitioned.exec(text) ?? []
      return /^(attach|detach) partition\b/.test(text) || (parent !== undefined && !made.has(parent))
    }
  },
  'block of code': {
    why: 'what it does cannot be read here: write out its statements',
    broken: ({ text }) => /^(do|call)\b/.test(text)
  },
  'row security': {
    why: 'old code sees no rows any more',
    broken: ({ text }) => /^(enable|force) row level security/.test(text)
  },
  'change many rows': {
    why: 'rows stay locked until all migrations are through: change them in batches, outside of migrations',
    broken: ({ text, made }) => {
      const [, table] = changed.exec(text) ?? []
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

/** The rules that a migration's SQL breaks, with the statements. */
export const broken = (sql: string[]): { rule: string; text: string }[] =>
  [...stepsOf(sql)].flatMap((step) =>
    Object.entries(rules)
      .filter(([, rule]) => rule.broken(step))
      .map(([rule]) => ({ rule, text: step.text }))
  )
