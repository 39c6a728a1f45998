import { type Kysely, sql } from 'kysely'

/** One index for each combination of sort and filter, so that each page is an index range. */
const lists = {
  tasks_by_created: ['user_id', 'created_at', 'id'],
  tasks_by_title: ['user_id', 'title', 'id'],
  tasks_by_completed_created: ['user_id', 'completed', 'created_at', 'id'],
  tasks_by_completed_title: ['user_id', 'completed', 'title', 'id']
}

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tasks')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('user_id', 'uuid', (column) => column.notNull())
    // Code point order is the same on every engine, and locale updates of the operating system do not corrupt indexes.
    .addColumn('title', sql`text collate "C"`, (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('completed', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz(3)', (column) => column.notNull().defaultTo(sql`now()`))
    .addForeignKeyConstraint('tasks_user', ['user_id'], 'users', ['id'], (key) => key.onDelete('cascade'))
    .execute()
  for (const [name, columns] of Object.entries(lists))
    await db.schema.createIndex(name).on('tasks').columns(columns).execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('tasks').execute()
}
