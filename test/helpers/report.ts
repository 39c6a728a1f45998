import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import { Transform, type TransformCallback } from 'node:stream'
import { type FinalResults, Parser, type Result } from 'tap-parser'
import { stringify } from 'yaml'

const testFile = /\.(test|system|browser|clients)\.ts$/
const slowest = 10

/** tap's reporter: failures and tests without an assertion at once; at the end the slowest files, skipped tests, and counts. */
export default class Report extends Transform {
  readonly #parser = new Parser()
  readonly #times = new Map<string, number>()
  readonly #skipped = new Map<string, number>()
  readonly #start = performance.now()
  #passed = 0
  #failed = 0

  constructor() {
    super()
    this.#watch(this.#parser)
    this.#parser.on('bailout', (reason) => this.push(`Bail out! ${reason}\n`))
    // For tap itself, a test without an assertion passes.
    process.once('exit', () => {
      const { TEST_QUEUE: queue = '' } = process.env
      if (basename(queue).startsWith('gatehouse_queue_')) rmSync(queue, { recursive: true, force: true })
      if (this.#failed > 0) process.exitCode ||= 1
    })
  }

  #watch(parser: Parser): void {
    let failedBefore = this.#failed
    parser.on('child', (child: Parser) => {
      failedBefore = this.#failed
      this.#watch(child)
      child.on('complete', ({ count, plan, bailout }: FinalResults) => {
        // `1..0` without a reason is an empty test, with one it is skipped.
        if (count > 0 || plan.skipReason || bailout) return
        this.#failed += 1
        this.push(`not ok - ${child.fullname} asserts nothing\n\n`)
      })
    })
    parser.on('assert', (result: Result) => {
      const { ok, skip, todo, closingTestPoint, name, time } = result
      if (closingTestPoint && time && testFile.test(name)) this.#times.set(name, time)
      if (skip || todo) {
        const reason = `${skip || todo}`
        this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1)
      } else if (!ok) {
        // A parent of a failed test adds no information.
        if (closingTestPoint && this.#failed > failedBefore) return
        this.#failed += 1
        this.push(`not ok - ${result.fullname}\n${result.diag ? stringify(result.diag).replace(/^/gm, '    ') : ''}\n`)
      } else if (!closingTestPoint) this.#passed += 1
    })
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#parser.write(chunk)
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#parser.end()
    const times = [...this.#times].sort(([, a], [, b]) => b - a)
    if (times.length > 1) {
      this.push('The slowest files, in seconds:\n')
      for (const [file, time] of times.slice(0, slowest)) this.push(`${(time / 1000).toFixed(1).padStart(7)} ${file}\n`)
    }
    for (const [reason, count] of this.#skipped) this.push(`skipped (${count}): ${reason}\n`)
    const { TEST_SEED: seed } = process.env
    if (seed) this.push(`in the order of TEST_SEED=${seed}\n`)
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1)
    this.push(`${this.#passed} passed, ${this.#failed} failed, in ${seconds} s\n`)
    done()
  }
}
