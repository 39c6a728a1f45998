export type {
  Activity,
  ActivityDay,
  AuditEntry,
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
