import { createGatehouse } from '@gatehouse/client'

/** The only client of the API. */
export const { api, session } = createGatehouse()
