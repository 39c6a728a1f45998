export type { Session, Task, TaskPage, TaskPatch, User } from '@gatehouse/client'
