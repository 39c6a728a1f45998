import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { rememberAnswers } from './files.ts'
import { type ContentPolicy, usePolicy } from './security.ts'

/** The CSP that Swagger UI needs. Its own default would upgrade plain HTTP to HTTPS and allow another site. */
const policy: ContentPolicy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"]
}

const contentOf = (filename: string) => readFile(new URL(`docs/${filename}`, import.meta.url), 'utf8')

/** Serves the contract for people, at `/docs`. */
export const docs = fp(
  async function docs(app, { webDir, title }: { webDir: string; title: string }) {
    const [script, style, icon] = await Promise.all([
      contentOf('page.js'),
      contentOf('page.css'),
      contentOf('icon.svg')
    ])
    const hasApp = existsSync(join(webDir, 'index.html'))
    await app.register(async (scope) => {
      await usePolicy(scope, policy)
      rememberAnswers(scope)
      await scope.register(swaggerUi, {
        routePrefix: '/docs',
        theme: {
          title,
          js: [{ filename: 'page.js', content: script }],
          css: [{ filename: 'page.css', content: style }],
          favicon: [{ filename: 'icon.svg', rel: 'icon', sizes: 'any', type: 'image/svg+xml', content: icon }]
        },
        uiConfig: {
          layout: 'BaseLayout',
          deepLinking: true,
          persistAuthorization: true,
          tryItOutEnabled: true,
          validatorUrl: null,
          ...(hasApp && { appPath: '/' })
        }
      })
    })
  },
  { name: 'docs' }
)
