import type { Task } from '../api/types.ts'
import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { clear } from './clear.ts'

interface Props {
  tasks: readonly Task[]
  onClose: () => void
}

/** Asks, because what it deletes cannot be restored. */
export default function ClearDialog({ tasks, onClose }: Props) {
  const many = (kind: string) => `${tasks.length} ${kind}${tasks.length === 1 ? '' : 's'}`

  function confirm(close: () => void) {
    close()
    // The dialog leaves the page with its event before that is sent.
    onClose()
    void clear(tasks)
  }

  return (
    <Dialog title={`Delete ${many('completed task')}?`} onClose={onClose}>
      {(close) => (
        <>
          <p className="soft">This cannot be undone.</p>
          <div className="row">
            <Button kind="danger" onClick={() => confirm(close)}>
              Delete {many('task')}
            </Button>
            <Button onClick={close}>Cancel</Button>
          </div>
        </>
      )}
    </Dialog>
  )
}
