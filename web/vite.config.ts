import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compress } from './compress.ts'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), compress()],
  // Packages at the root would find another React there, which tap brings.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2023',
    // The pages' Content-Security-Policy takes no data: URLs but for images.
    assetsInlineLimit: 0,
    // It is little, and a page whose styles failed to load once would stay without them.
    cssCodeSplit: false,
    modulePreload: { polyfill: false }
  },
  // The Host header stays, or the API would take the page for another site's.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8000', changeOrigin: false } } }
})
