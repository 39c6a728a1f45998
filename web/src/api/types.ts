export type {
  Activity,
  Factors,
  ManagedSession,
  ManagedUser,
  ManagedUserDetails,
  Passkey,
  PersonalToken,
  Session,
  Task,
  TaskPage,
  TaskPatch,
  User
} from '@gatehouse/client'
