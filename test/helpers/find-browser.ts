import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const folders = (process.env.PATH ?? '').split(delimiter)

function find(setting: string | undefined, names: string[], application: string): string | undefined {
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return (setting ? [setting] : [...onPath, application]).find((path) => existsSync(path))
}

export const chromiumPath = find(
  process.env.CHROMIUM,
  // The shell draws no window: it takes half of the CPU.
  ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
)

/** Undefined where there is none: the tests in Firefox are skipped there. */
export const firefoxPath = find(
  process.env.FIREFOX,
  ['firefox-esr', 'firefox'],
  '/Applications/Firefox.app/Contents/MacOS/firefox'
)

if (!chromiumPath) {
  process.stderr.write(`The browser tests need Chromium, and there is none here. One of these gets it:
  apt-get install chromium-headless-shell    (Debian)
  apt-get install chromium                   (Debian, Ubuntu)
  brew install --cask chromium               (macOS)
  CHROMIUM=/path/to/chrome npm run test:browser
`)
  process.exit(1)
}
