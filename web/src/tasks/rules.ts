const maxTitle = 200
const maxDescription = 10_000

const lengthOf = (text: string) => [...text].length

/** Validates a task's texts like the server. Empty if there is no error. */
export function taskFaults({ title, description }: { title: string; description: string }): Record<string, string> {
  const faults: Record<string, string> = {}
  if (title.trim() === '') faults.title = 'Enter a title.'
  if (lengthOf(title) > maxTitle) faults.title = `Must be at most ${maxTitle} characters long, not ${lengthOf(title)}.`
  if (lengthOf(description) > maxDescription)
    faults.description = `Must be at most 10,000 characters long, not ${lengthOf(description).toLocaleString('en')}.`
  return faults
}
