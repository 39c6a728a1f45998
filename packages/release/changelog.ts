const unreleased = /^## \[Unreleased\]\n/m

/** What the changelog says of the next release, or undefined if it says nothing. */
export function nextEntry(changelog: string): string | undefined {
  const [, after] = changelog.split(unreleased)
  return after?.split(/^## /m)[0]?.trim() || undefined
}

/** The changelog in which the next release has a version and a day. */
export const withRelease = (changelog: string, version: string, day: string) =>
  changelog.replace(unreleased, `## [Unreleased]\n\n## [${version}] - ${day}\n`)
