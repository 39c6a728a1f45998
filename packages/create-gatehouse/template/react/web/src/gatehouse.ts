import { createGatehouse } from '@gatehouse/client'
import type { paths } from './api'

/** One client for the page. `npm run types` writes the types of the API, with those of your own routes. */
export const { api, session } = createGatehouse<paths>()
