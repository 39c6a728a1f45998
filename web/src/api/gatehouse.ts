import { createGatehouse } from '@gatehouse/client'

/** The only way to the server. */
export const { api, session } = createGatehouse()
