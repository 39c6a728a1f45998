/**
 * What we use of node:http, as CommonJS has it. An `import` reads each of its exports, one of which (`WebSocket`) loads undici: 6 MB of
 * memory, for a client that we need for issuers' keys alone, if at all.
 */
export const { createServer, IncomingMessage, ServerResponse, STATUS_CODES } = process.getBuiltinModule('node:http')
