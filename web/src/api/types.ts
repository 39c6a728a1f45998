export type { Activity, Session, Task, TaskPage, TaskPatch, User } from '@gatehouse/client'
