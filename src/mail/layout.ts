import type { Language } from './languages.ts'
import type { Words } from './texts.ts'

interface Content {
  words: Words
  language: Language
  app: string
  link: string | undefined
  code: string | undefined
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] as string)

/** Grouped for reading aloud; blanks are ignored when it is typed. */
const grouped = (code: string) => `${code.slice(0, 4)} ${code.slice(4)}`

/** The part for readers without HTML. The link is on a line of its own. */
export function textOf({ words: { opening, action, code: codeLabel, closing }, app, link, code }: Content): string {
  return [
    ...opening,
    ...(link ? [`${action}:\n${link}`] : []),
    ...(code ? [`${codeLabel}\n${grouped(code)}`] : []),
    ...closing,
    `-- \n${app}`
  ]
    .join('\n\n')
    .concat('\n')
}

/**
 * The HTML part: no images, no scripts, nothing that is fetched. Colors come from the reader, except the button's, which
 * has both a background and a text color, so that dark mode keeps it readable. Links have the color of the text, because
 * the default one is too dark for the dark mode of some readers. Phones do not take the code for a telephone number.
 */
export function htmlOf({ words, language, app, link, code }: Content): string {
  const paragraph = (text: string) => `<p style="margin:0 0 16px">${escapeHtml(text)}</p>`
  const { subject, opening, action = '', code: codeLabel = '', closing } = words
  const parts = [
    `<h1 style="font-size:20px;line-height:1.3;margin:0 0 16px">${escapeHtml(subject)}</h1>`,
    ...opening.map(paragraph)
  ]
  if (link)
    parts.push(
      `<p style="margin:0 0 16px"><a href="${escapeHtml(link)}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#125f58;color:#ffffff;text-decoration:none;font-weight:bold">${escapeHtml(action)}</a></p>`,
      `<p style="margin:0 0 16px;font-size:13px;word-break:break-all"><a href="${escapeHtml(link)}" style="color:inherit">${escapeHtml(link)}</a></p>`
    )
  if (code)
    parts.push(
      `<p style="margin:0 0 16px">${escapeHtml(codeLabel)}<br><strong style="font-family:monospace;font-size:22px;letter-spacing:2px">${grouped(code)}</strong></p>`
    )
  if (link || code) parts.push('<hr style="margin:24px 0;border:0;border-top:1px solid #999999">')
  parts.push(...closing.map(paragraph), `<p style="margin:24px 0 0;font-size:13px">${escapeHtml(app)}</p>`)
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>${escapeHtml(subject)}</title>
<style>:root { color-scheme: light dark; }</style>
</head>
<body style="margin:0;padding:24px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto">
${parts.join('\n')}
</div>
</body>
</html>
`
}
