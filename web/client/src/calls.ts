import type { Client, ClientPathsWithMethod, FetchResponse, MaybeOptionalInit } from 'openapi-fetch'
import type { paths } from './api.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

type SessionPath =
  | '/api/auth/register'
  | '/api/auth/login'
  | '/api/auth/login/second-factor'
  | '/api/auth/passkeys/login'
  | '/api/auth/passkeys/login/options'
  | '/api/auth/refresh'
  | '/api/auth/logout'
  | '/api/auth/password'
  | '/api/auth/password/reset'
  | '/api/auth/email/verify'
  | '/api/auth/email/confirm'
  | '/api/auth/email/cancel'
  | '/api/auth/step-up'
  | '/api/auth/profile/delete'

type Path<M extends Method> = Exclude<ClientPathsWithMethod<Client<paths>, M>, SessionPath>

type Rest<Init> = undefined extends Init ? [init?: Init] : [init: Init]

type Success<Operation> = Extract<
  // biome-ignore lint/complexity/noBannedTypes: openapi-fetch's own word for no options
  FetchResponse<Operation & Record<string, never>, {}, `${string}/${string}`>,
  { error?: never }
>['data']

type Call<M extends Method> = <P extends Path<M>>(
  path: P,
  ...init: Rest<MaybeOptionalInit<paths[P], M>>
) => Promise<Success<paths[P][M]>>

/** Every operation of the contract, by method and path. Each resolves to the body or throws a GatehouseProblem. */
export interface Api {
  GET: Call<'get'>
  POST: Call<'post'>
  PUT: Call<'put'>
  PATCH: Call<'patch'>
  DELETE: Call<'delete'>
}
