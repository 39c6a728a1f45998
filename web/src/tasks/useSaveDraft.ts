import { isGone } from '../api/problem.ts'
import type { TaskPatch } from '../api/types.ts'
import { say, whisper } from '../ui/notices.ts'
import { quoted } from '../ui/quoted.ts'
import { closeDraft, type Draft, reopenEditing } from './editing.ts'
import { useAddTask, useChangeTask } from './mutations.ts'
import { newTask } from './new-task.ts'
import { removeTask } from './queries.ts'

/** Only what was written differently is sent, so that what another device changed meanwhile stays. */
function patchOf({ task, title, description }: Draft): TaskPatch {
  const patch: TaskPatch = {}
  if (title !== task.title) patch.title = title
  if (description !== (task.description ?? '')) patch.description = description === '' ? null : description
  return patch
}

/** Two ways to put an edit away: into its task, or, when that is gone, into a new one. */
export function useSaveDraft(draft: Draft) {
  const change = useChangeTask(draft.task.id)
  const add = useAddTask()

  function refuse(problem: unknown) {
    if (isGone(problem)) removeTask(draft.task.id)
    reopenEditing({ ...draft, problem })
    say(`${quoted(draft.task.title)} was not changed: see its form.`)
  }

  async function save() {
    closeDraft(draft.task.id)
    const patch = patchOf(draft)
    if (Object.keys(patch).length === 0) return
    await change.mutateAsync({ task: draft.task, patch }).then(() => whisper('Saved'), refuse)
  }

  async function addAnew() {
    closeDraft(draft.task.id)
    await add.mutateAsync(newTask(draft.title, draft.description)).then(() => whisper('Added'), refuse)
  }

  return { save, addAnew }
}
