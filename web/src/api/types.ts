export type { Activity, Factors, Passkey, Session, Task, TaskPage, TaskPatch, User } from '@gatehouse/client'
