# The web app, by its own packages alone. Where it cannot be built there is no image.
FROM node:24.21.0-bookworm-slim AS front
WORKDIR /app
COPY package.json package-lock.json ./
COPY web/package.json web/
COPY web/client/package.json web/client/
COPY packages/guard/package.json packages/guard/
COPY packages/react/package.json packages/react/
COPY packages/gatehouse/package.json packages/gatehouse/
COPY packages/release/package.json packages/release/
COPY packages/create-gatehouse/package.json packages/create-gatehouse/
RUN npm ci --workspace @gatehouse/web --workspace @gatehouse/client --ignore-scripts --no-audit --no-fund
COPY web/index.html web/build.ts web/compress.ts web/vite.config.ts web/tsconfig.json web/
COPY web/public web/public
COPY web/client web/client
COPY web/src web/src
RUN node web/build.ts && test -f web/dist/index.html

# What runs: the dependencies of the service alone, without development tools and install scripts, and its source as it is.
FROM node:24.21.0-bookworm-slim AS service
WORKDIR /app
COPY package.json package-lock.json ./
COPY web/package.json web/
COPY web/client/package.json web/client/
COPY packages/guard/package.json packages/guard/
COPY packages/react/package.json packages/react/
COPY packages/gatehouse/package.json packages/gatehouse/
COPY packages/release/package.json packages/release/
COPY packages/create-gatehouse/package.json packages/create-gatehouse/
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund && rm -rf web packages
COPY LICENSE openapi.yaml ./
COPY schemas schemas
COPY migrations migrations
COPY src src
COPY plugins plugins
COPY routes routes
COPY --from=front /app/web/dist web/dist
# Readable for whoever runs it, whatever the modes where it was built; theirs to write is nothing.
RUN chmod -R a+rX,go-w .

FROM node:24.21.0-bookworm-slim
# npm and yarn are not needed to run, and have dependencies of their own to keep up to date.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* /usr/local/bin/yarn*
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000
WORKDIR /app
COPY --from=service /app .
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=40s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Not npm start: npm would stand between the container's signals and the service.
ENTRYPOINT ["node", "src/start.js"]
