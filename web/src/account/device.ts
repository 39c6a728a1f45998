import type { IconName } from '../ui/Icon.tsx'

/** The order matters: newer browsers also name the older ones that they are compatible with. */
const browsers: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser/, 'Samsung Internet'],
  [/Firefox|FxiOS/, 'Firefox'],
  [/HeadlessChrome/, 'Headless Chrome'],
  [/Chrome|Chromium|CriOS/, 'Chrome'],
  [/Version\/.*Safari/, 'Safari']
]
const systems: [RegExp, string, IconName][] = [
  [/iPhone/, 'iPhone', 'phone'],
  [/iPad/, 'iPad', 'phone'],
  [/Android/, 'Android', 'phone'],
  [/Windows/, 'Windows', 'desktop'],
  [/Macintosh|Mac OS X/, 'macOS', 'desktop'],
  [/CrOS/, 'ChromeOS', 'desktop'],
  [/Linux|X11/, 'Linux', 'desktop']
]

/** Describes a user agent: `Firefox on Windows`, or a program by its name. */
export function deviceOf(userAgent: string | null): { name: string; icon: IconName } {
  if (!userAgent) return { name: 'Unknown device', icon: 'terminal' }
  const browser = browsers.find(([pattern]) => pattern.test(userAgent))?.[1]
  const system = systems.find(([pattern]) => pattern.test(userAgent))
  if (browser && system) return { name: `${browser} on ${system[1]}`, icon: system[2] }
  const program = userAgent.split(/[\s/(]/, 1)[0]?.slice(0, 40)
  return { name: browser ?? program ?? 'Unknown device', icon: system?.[2] ?? 'terminal' }
}
