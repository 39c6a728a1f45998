import type { Result } from '../ledger.ts'
import type { Report } from '../prove.ts'
import { style } from './style.ts'
import { byArea, countsOf, evidenceOf, exitCodeOf, findingsOf, verdictOf } from './summary.ts'

const escapeHtml = (text: string) => text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

const words: Record<Result['outcome'], string> = {
  passed: 'passed',
  finding: 'finding',
  accepted: 'accepted',
  skipped: 'not tried'
}

const referencesOf = ({ references }: Result) =>
  references.map(({ name, url }) => `<a href="${escapeHtml(url)}" rel="noreferrer">${escapeHtml(name)}</a>`).join('')

function finding(result: Result): string {
  const { id, severity, title, reason } = result
  return `<article class="finding ${severity}" id="${id}">
<header><span class="severity">${severity} · not met</span><h3>${escapeHtml(title)}</h3><code>${id}</code></header>
<p>${escapeHtml(reason)}</p>
<ul class="evidence">${evidenceOf(result)
    .map((each) => `<li><code>${escapeHtml(each)}</code></li>`)
    .join('')}</ul>
<footer>${referencesOf(result)}</footer>
</article>`
}

function row(result: Result): string {
  const { id, outcome, title, cases, notes, reason } = result
  const remarks = [...new Set(notes)].map((note) => `<li>${escapeHtml(note)}</li>`).join('')
  const name = outcome === 'finding' ? `<a href="#${id}">${escapeHtml(title)}</a>` : escapeHtml(title)
  return `<details class="check ${outcome}">
<summary><i aria-hidden="true"></i><span>${name}</span><small>${outcome === 'skipped' || outcome === 'accepted' ? words[outcome] : ''}</small><b>${cases || ''}</b></summary>
<div><p>${escapeHtml(reason)}</p>${remarks ? `<ul>${remarks}</ul>` : ''}<footer>${referencesOf(result)}<code>${id}</code></footer></div>
</details>`
}

/** The share of each outcome as a ring. */
function ring({ passed, findings, accepted, skipped }: ReturnType<typeof countsOf>): string {
  const total = passed + findings + accepted + skipped || 1
  let start = 0
  const arcs = Object.entries({ finding: findings, accepted, skipped, passed }).map(([name, count]) => {
    const share = (count / total) * 100
    const arc = `<circle class="${name}" r="15.9155" cx="20" cy="20" pathLength="100" stroke-dasharray="${share} ${100 - share}" stroke-dashoffset="${-start}"/>`
    start += share
    return arc
  })
  return `<svg viewBox="0 0 40 40" role="img" aria-label="${passed} of ${total} checks passed">${arcs.join('')}<text x="20" y="20.5">${passed}</text><text class="of" x="20" y="26">of ${total}</text></svg>`
}

/** The report as one page that loads nothing. */
export function htmlReport(report: Report): string {
  const counts = countsOf(report)
  const found = findingsOf(report)
  const state = ['good', 'bad', 'unclear'][exitCodeOf(report)]
  const remarks = [...report.remarks, ...(report.incomplete ? [`Not complete: ${report.incomplete}`] : [])]
  const fact = (value: string | number, name: string) =>
    `<div><dd>${escapeHtml(String(value))}</dd><dt>${name}</dt></div>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${verdictOf(report)} · ${escapeHtml(report.url)}</title>
<style>${style}</style>
</head>
<body class="${state}">
<header class="top">
${ring(counts)}
<div><p class="eyebrow">Gatehouse prove</p><h1>${verdictOf(report)}</h1><p class="url">${escapeHtml(report.url)}</p></div>
</header>
<main>
<dl class="facts">${fact(counts.findings, 'findings')}${fact(counts.passed, 'passed')}${counts.accepted ? fact(counts.accepted, 'accepted') : ''}${fact(counts.skipped, 'not tried')}${fact(counts.cases, 'cases')}${fact(report.requests, 'requests')}${fact(`${report.duration.toFixed(1)} s`, 'duration')}</dl>
${remarks.length > 0 ? `<ul class="remarks">${remarks.map((remark) => `<li>${escapeHtml(remark)}</li>`).join('')}</ul>` : ''}
${found.length > 0 ? `<section><h2>Findings</h2>${found.map(finding).join('')}</section>` : ''}
<section><h2>All checks</h2><div class="areas">${byArea(report)
    .map(({ title, results }) => `<section class="area"><h3>${title}</h3>${results.map(row).join('')}</section>`)
    .join('')}</div></section>
</main>
<footer class="bottom">${escapeHtml(report.startedAt.replace('T', ' ').replace(/\..*/, ' UTC'))} · profile ${escapeHtml(report.profile)}</footer>
</body>
</html>
`
}
