import type { Result } from '../ledger.ts'
import type { Report } from '../prove.ts'
import { byArea, countsOf, evidenceOf } from './summary.ts'

// XML 1.0 has no escape for the other control characters (section 2.2).
const escapeXml = (text: string) =>
  text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '\ufffd').replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

function body(result: Result): string {
  const { outcome, severity, reason, evidence, references, notes } = result
  if (outcome === 'skipped') return `<skipped message="${escapeXml([...new Set(notes)].join('; '))}"/>`
  const text = [reason, ...evidenceOf(result), ...references.map(({ name, url }) => `${name}: ${url}`)].join('\n')
  if (outcome === 'accepted') return `<system-out>${escapeXml(`accepted: ${text}`)}</system-out>`
  return outcome === 'finding'
    ? `<failure message="${escapeXml(evidence[0] ?? reason)}" type="${severity}">${escapeXml(text)}</failure>`
    : ''
}

/** The report as JUnit XML: a suite for each area, a case for each check. */
export function junitReport(report: Report): string {
  const suites = byArea(report).map(({ area, title, results }) => {
    const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length
    const cases = results.map(
      (result) =>
        `<testcase classname="gatehouse.prove.${area}" name="${escapeXml(`${result.id}: ${result.title}`)}">${body(result)}</testcase>`
    )
    return `<testsuite name="${escapeXml(title)}" tests="${results.length}" failures="${count('finding')}" errors="0" skipped="${count('skipped')}" timestamp="${report.startedAt}" hostname="${escapeXml(new URL(report.url).hostname)}">\n${cases.join('\n')}\n</testsuite>`
  })
  const incomplete = report.incomplete
    ? `<testsuite name="The run" tests="1" failures="0" errors="1"><testcase classname="gatehouse.prove" name="complete"><error message="${escapeXml(report.incomplete)}"/></testcase></testsuite>\n`
    : ''
  const { findings, skipped } = countsOf(report)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="gatehouse prove" tests="${report.results.length}" failures="${findings}" skipped="${skipped}" time="${report.duration.toFixed(3)}">\n${suites.join('\n')}\n${incomplete}</testsuites>\n`
}
