import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compress } from './compress.ts'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), compress()],
  // Otherwise packages in the root would resolve tap's copy of React.
  resolve: { dedupe: ['react', 'react-dom'] },
  build: {
    target: 'es2023',
    // The pages' CSP allows data: URLs only for images.
    assetsInlineLimit: 0,
    // One small file: a page whose styles failed to load would stay without them.
    cssCodeSplit: false,
    modulePreload: { polyfill: false }
  },
  // The Host header is kept; otherwise the API would treat the page as another site.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8000', changeOrigin: false } } }
})
