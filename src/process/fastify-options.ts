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

/** Compiles the serializer of a response when it is first needed, because all of them take a quarter of a second. */
const buildSerializer: SerializerFactory = (schemas, options) => {
  const compile = SerializerSelector()(schemas, options)
  return (route) => {
    let serialize: ReturnType<typeof compile> | undefined
    return (data: unknown) => {
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
