import { defineProduct, setting } from '../../../src/index.ts'
import { noteAdminRoutes, noteLimitRoutes, noteLocked, noteRoutes, tooManyNotes } from './routes.ts'
import { NewNote, Note, NoteCounts, NotePage, NotePatch, NoteState, Unused } from './schemas.ts'

/** A small product, built on the public interface only. */
export const product = defineProduct({
  api: { title: 'Notes', version: '3.2.1', description: 'Notes of each user.', tags: { notes: 'What you wrote' } },
  settings: { NOTES_IN_ALL: setting.between(1, 1_000)({ default: 100 }) },
  routes: ({ settings: { NOTES_IN_ALL: limit } }) => ({
    public: [{ prefix: '/api/note-limits', routes: noteLimitRoutes, limit }],
    authenticated: [{ prefix: '/api/notes', routes: noteRoutes, limit }],
    admin: [{ prefix: '/api/admin/notes', routes: noteAdminRoutes }]
  }),
  schemas: [NewNote, Note, NoteCounts, NotePage, NotePatch, NoteState, Unused],
  scopes: ['notes:read', 'notes:write'],
  problems: [noteLocked, tooManyNotes],
  migrations: new URL('migrations', import.meta.url),
  personalData: { product_notes: { columns: ['id', 'text', 'locked', 'created_at'], by: ['id', 'uuid'] } }
})
