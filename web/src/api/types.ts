export type { Activity, Factors, Session, Task, TaskPage, TaskPatch, User } from '@gatehouse/client'
