import { isGone } from '../api/problem.ts'
import type { Task, TaskPatch } from '../api/types.ts'
import { warn, whisper } from '../ui/notices.ts'
import { quoted } from '../ui/quoted.ts'
import { closeDraft, type Draft, draftAccepted, draftRefused, sendDraft } from './editing.ts'
import { useAddTask, useChangeTask } from './mutations.ts'
import { newTask } from './new-task.ts'
import { removeTask } from './queries.ts'

/** Only changed fields are sent, so that changes from other devices are kept. */
function patchOf({ task, title, description }: Draft): TaskPatch {
  const patch: TaskPatch = {}
  if (title !== task.title) patch.title = title
  if (description !== (task.description ?? '')) patch.description = description === '' ? null : description
  return patch
}

/** Saves an edit into its task or, if that is gone, as a new task. */
export function useSaveDraft(draft: Draft) {
  const change = useChangeTask(draft.task.id)
  const add = useAddTask()

  /** Closes the form. Only a refusal opens it again. */
  async function send(draft: Draft, request: Promise<Task>, patch: TaskPatch, done?: string) {
    sendDraft(draft)
    try {
      await request
      draftAccepted(draft)
      if (done) whisper(done)
    } catch (problem) {
      if (isGone(problem)) removeTask(draft.task.id)
      if (draftRefused(draft, patch, problem)) warn(`${quoted(draft.task.title)} was not saved. The form shows why.`)
    }
  }

  async function save() {
    const patch = patchOf(draft)
    if (Object.keys(patch).length === 0) return closeDraft(draft.task.id)
    await send(draft, change.mutateAsync({ task: draft.task, patch }), patch, 'Saved')
  }

  function addAnew() {
    const tried = newTask(draft.title, draft.description, draft.tried)
    return send({ ...draft, tried }, add.mutateAsync(tried), {})
  }

  return { save, addAnew }
}
