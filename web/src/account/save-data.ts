import { appName } from '../product.ts'

/** Saves what is stored about a user as a file, whose name ends with `suffix`. */
export function saveData(data: unknown, suffix = ''): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }))
  Object.assign(document.createElement('a'), { href: url, download: `${appName.toLowerCase()}${suffix}.json` }).click()
  URL.revokeObjectURL(url)
}
