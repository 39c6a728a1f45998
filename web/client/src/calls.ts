import createClient, {
  type Client,
  type ClientOptions,
  type ClientPathsWithMethod,
  type FetchResponse,
  type MaybeOptionalInit
} from 'openapi-fetch'
import type { paths } from './api.ts'
import { unexpected } from './problem.ts'

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

type Path<Paths extends object, M extends Method> = Exclude<ClientPathsWithMethod<Client<Paths>, M>, SessionPath> &
  keyof Paths

type Rest<Init> = undefined extends Init ? [init?: Init] : [init: Init]

// An answer with `data`, whether or not the operation documents errors.
type DataOf<Answer> = Answer extends { data: infer Data } ? Data : never

// biome-ignore lint/complexity/noBannedTypes: openapi-fetch's own word for no options
type Success<Operation> = DataOf<FetchResponse<Operation & Record<string, never>, {}, `${string}/${string}`>>

type Call<Paths extends object, M extends Method> = <P extends Path<Paths, M>>(
  path: P,
  ...init: Rest<MaybeOptionalInit<Paths[P], M & keyof Paths[P]>>
) => Promise<Success<Paths[P][M & keyof Paths[P]]>>

/** Every operation of the contract, by method and path. Each resolves to the body or throws a GatehouseProblem. */
export interface Api<Paths extends object = paths> {
  GET: Call<Paths, 'get'>
  POST: Call<Paths, 'post'>
  PUT: Call<Paths, 'put'>
  PATCH: Call<Paths, 'patch'>
  DELETE: Call<Paths, 'delete'>
}

/** The body of an answer. A 200 that is no JSON is not Gatehouse's, such as the page of a captive portal. */
export const bodyOf = async <T>(answer: Promise<{ data?: T }>): Promise<T> => {
  try {
    return (await answer).data as T
  } catch (error) {
    throw error instanceof SyntaxError ? unexpected(error) : error
  }
}

/** `around` may repeat a call. */
export function createApi<Paths extends object>(
  options: ClientOptions,
  around: (call: () => Promise<unknown>) => Promise<unknown> = (call) => call()
): Api<Paths> {
  const server = createClient<paths>(options)
  const call = (method: Method) => (path: string, init?: object) =>
    around(() => bodyOf(server.request(method, path as never, init as never)))
  return {
    GET: call('get'),
    POST: call('post'),
    PUT: call('put'),
    PATCH: call('patch'),
    DELETE: call('delete')
  } as Api<Paths>
}
