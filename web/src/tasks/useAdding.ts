import { warn } from '../ui/notices.ts'
import { quoted } from '../ui/quoted.ts'
import { newTaskRefused, sendNewTask } from './adding.ts'
import { useAddTask } from './mutations.ts'

const words = {
  back: 'its text is back in the form',
  waiting: 'its text comes back when the form is free'
}

/** Sends the content of the form for a new task. A refusal is reported on any page. */
export function useAdding() {
  const add = useAddTask((problem, task) => {
    const where = newTaskRefused(task, problem)
    if (where !== 'gone') warn(`${quoted(task.title)} was not added: ${words[where]}.`)
  })
  return () => add.mutate(sendNewTask())
}
