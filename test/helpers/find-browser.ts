import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)))
const application = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
const candidates = process.env.CHROMIUM ? [process.env.CHROMIUM] : [...onPath, application]

export const chromiumPath = candidates.find((path) => existsSync(path))

if (!chromiumPath) {
  process.stderr.write(`The browser tests need Chromium, and there is none here. One of these gets it:
  apt-get install chromium        (Debian, Ubuntu)
  brew install --cask chromium    (macOS)
  CHROMIUM=/path/to/chrome npm run test:browser
`)
  process.exit(1)
}
