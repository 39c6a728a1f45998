// Loaded before a server (`--import`); answers the bench's questions. In JavaScript, so that the TypeScript loader is
// not measured with the server.
process.on('message', (_question) => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system, rss: process.memoryUsage.rss() })
})
process.channel?.unref()
