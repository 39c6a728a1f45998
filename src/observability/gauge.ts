import { Gauge, type Registry } from 'prom-client'

/** Creates a gauge without labels that is read at a scrape. */
export const gauge = (registry: Registry, name: string, help: string, read: () => number) =>
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    }
  })
