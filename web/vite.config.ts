import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compress } from './compress.ts'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), compress()],
  resolve: {
    // Otherwise packages in the root would resolve tap's copy of React.
    dedupe: ['react', 'react-dom'],
    // wouter brings it for versions of React that lack the hook.
    alias: {
      'use-sync-external-store/shim/index.js': 'react',
      // The sources of the client, which need no build.
      '@gatehouse/client': fileURLToPath(new URL('client/src/index.ts', import.meta.url))
    }
  },
  build: {
    target: 'es2023',
    // The pages' CSP allows data: URLs only for images.
    assetsInlineLimit: 0,
    // One small file: a page whose styles failed to load would stay without them.
    cssCodeSplit: false,
    // What every page needs is one file, which compresses better than several.
    modulePreload: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'app', tags: ['$initial'] }] } } }
  },
  // The Host header is kept; otherwise the API would treat the page as another site.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8000', changeOrigin: false } } }
})
