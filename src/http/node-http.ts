/** By require(): an `import` reads every export, and the export `WebSocket` loads undici (6 MB of memory). */
export const { createServer, IncomingMessage, ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } =
  process.getBuiltinModule('node:http')
