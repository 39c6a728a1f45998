import { createGatehouse } from '@gatehouse/client'
import { askStepUp } from '../entry/step-up.ts'

/** The only client of the API. */
export const { api, session } = createGatehouse({ onStepUp: askStepUp })
