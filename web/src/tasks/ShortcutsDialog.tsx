import { Button } from '../ui/Button.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { turnShortcuts, useShortcutsInUse } from './shortcuts.ts'

const keys = [
  ['/', 'Search'],
  ['n', 'Add a task'],
  ['?', 'Show this list']
] as const

const always = [
  ['Ctrl Enter', 'Add or save, also from a description'],
  ['Esc', 'Stop editing, or close a dialog']
] as const

export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const inUse = useShortcutsInUse()
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      {(close) => (
        <>
          <dl className="keys">
            {[...(inUse ? keys : []), ...always].map(([key, what]) => (
              <div key={key} className="key">
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <label className="choice">
            <input type="checkbox" checked={inUse} onChange={(event) => turnShortcuts(event.currentTarget.checked)} />
            Use the keys without Ctrl
          </label>
          <div className="row">
            <Button onClick={close}>Close</Button>
          </div>
        </>
      )}
    </Dialog>
  )
}
