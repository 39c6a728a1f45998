export type {
  Activity,
  Factors,
  ManagedSession,
  ManagedUser,
  ManagedUserDetails,
  Passkey,
  Session,
  Task,
  TaskPage,
  TaskPatch,
  User
} from '@gatehouse/client'
