import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { queries } from './api/queries.ts'
import { restoreSession } from './api/session.ts'
import { followLeaving, followUsers } from './leaving.ts'
import { fetchPagesAhead } from './pages.ts'
import { startDeleting } from './tasks/mutations.ts'
import './styles/tokens.css'
import './styles/base.css'

followUsers()
startDeleting()
followLeaving()
restoreSession()
fetchPagesAhead()

const root = document.getElementById('app')
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </StrictMode>
  )
