#!/usr/bin/env node
import './process/runtime.js'

await import('./server.ts')
