import { defineConfig } from 'orval'

const input = '../../../openapi.yaml'

export default defineConfig({
  fetch: {
    input,
    output: {
      target: '../generated/orval-fetch.ts',
      client: 'fetch',
      // By default it calls the path alone, which only a browser on the same origin can.
      baseUrl: { runtime: 'process.env.API_URL' }
    }
  },
  zod: { input, output: { target: '../generated/orval-zod.ts', client: 'zod' } }
})
