import { ref } from '../schemas/common.ts'
import { ProfilePatch, User } from '../schemas/users.ts'
import { problems } from '../src/problems.ts'
import { usersRepository } from '../src/repositories/users.ts'
import type { Routes } from '../src/typebox.ts'

const tags = ['profile']
const read = { operationId: 'getProfile', tags, summary: 'Your account', response: { 200: ref(User) }, problems: [404] }
const update = {
  operationId: 'updateProfile',
  tags,
  summary: 'Change your name',
  body: ref(ProfilePatch),
  response: { 200: ref(User) },
  problems: [404]
}

export const profileRoutes: Routes = async function profileRoutes(app) {
  const users = usersRepository(app.db)

  app.get('', { schema: read }, async (request) => {
    const user = await users.find(request.user.id)
    if (!user) throw problems.notFound('User')
    return user
  })

  app.put('', { schema: update }, async (request) => {
    const user = await users.update(request.user.id, request.body)
    if (!user) throw problems.notFound('User')
    return user
  })
}
