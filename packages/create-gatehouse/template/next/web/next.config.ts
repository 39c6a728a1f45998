import type { NextConfig } from 'next'

const gatehouse = process.env.GATEHOUSE_URL ?? 'http://127.0.0.1:8000'

// The browser sees one origin, so that neither CORS nor another site's cookies are involved.
const config: NextConfig = {
  rewrites: async () => [{ source: '/api/:path*', destination: `${gatehouse}/api/:path*` }]
}
export default config
