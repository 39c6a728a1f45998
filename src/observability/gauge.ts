import { Gauge, type Registry } from 'prom-client'

/** A gauge without labels that is looked at when somebody asks. */
export const gauge = (registry: Registry, name: string, help: string, read: () => number) =>
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    }
  })
