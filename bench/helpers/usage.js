// Loaded before a server (`--import`), it answers the bench's questions and does nothing else. JavaScript, as the server's
// own entry is: what reads TypeScript would be measured with it.
process.on('message', (_question) => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system, rss: process.memoryUsage.rss() })
})
process.channel?.unref()
