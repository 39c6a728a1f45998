import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // The content security policy of the pages allows data: URLs for images only.
  build: { assetsInlineLimit: 0 },
  // The Host header is kept; otherwise the API would treat the page as another site.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8000', changeOrigin: false } } }
})
