import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { type FastifyServerOptions, LogController } from 'fastify'
import type { Logger } from 'pino'
import { trustedProxies } from '../../plugins/client.ts'
import { requestId } from '../../plugins/logging.ts'
import { answerFrameworkError, answerParserError } from '../../plugins/problems.ts'
import type { Config } from '../config/config.ts'
import { type Cuts, createBoundedServer } from '../http/bounded-server.ts'

const serverOptions = {
  requestTimeout: 10_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 1_000,
  // plugins/protocol.ts checks the Host header, to answer with a problem.
  requireHostHeader: false
}

interface Answer {
  $ref?: string
  type?: unknown
}

/**
 * Compiles the serializer of a response when it is first needed, because all of them take a quarter of a second. It refuses null in
 * place of an object or an array, which fast-json-stringify would write as an empty one.
 */
const buildSerializer: SerializerFactory = (schemas, options) => {
  const compile = SerializerSelector()(schemas, options)
  return (route) => {
    const { method, url } = route
    const { $ref, type } = route.schema as Answer
    const named = schemas as Record<string, Answer>
    const isFilled = /^(object|array)$/.test(String(type ?? named[`${$ref}`]?.type))
    let serialize: ReturnType<typeof compile> | undefined
    return (data: unknown) => {
      if (data === null && isFilled) throw new Error(`${method} ${url} returned null, and promises a body`)
      serialize ??= compile(route)
      return serialize(data)
    }
  }
}

export const fastifyOptions = ({ maxConnections, trustProxy }: Config, log: Logger) =>
  ({
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    trustProxy: trustedProxies(trustProxy),
    bodyLimit: 64 * 1024,
    serverFactory: (handler) =>
      createBoundedServer(serverOptions, handler, {
        maxConnections,
        onCuts: (cuts: Cuts) => log.warn({ cuts }, 'connections cut')
      }),
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildSerializer } },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerParserError
  }) satisfies FastifyServerOptions
