import { defineProduct } from '@gatehouse/server'
import { noteRoutes } from './notes/routes.ts'
import { NewNote, Note, NotePage, NotePatch } from './notes/schemas.ts'

/** What this project adds to Gatehouse. Routes in `authenticated` need an access token. */
export const product = defineProduct({
  api: { title: 'my-app', tags: { notes: 'Your notes' } },
  routes: { authenticated: [{ prefix: '/api/notes', routes: noteRoutes }] },
  schemas: [NewNote, Note, NotePage, NotePatch],
  scopes: ['notes:read', 'notes:write'],
  migrations: new URL('../migrations', import.meta.url),
  personalData: { notes: { columns: ['id', 'text', 'created_at', 'updated_at'], by: ['id', 'uuid'] } }
})
