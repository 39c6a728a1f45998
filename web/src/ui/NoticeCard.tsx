import { Button } from './Button.tsx'
import { Icon } from './Icon.tsx'
import { dismiss, type Notice } from './notices.ts'

export function NoticeCard({ notice: { id, kind, text, action } }: { notice: Notice }) {
  return (
    <div className={`notice ${kind}`}>
      <Icon name={kind === 'word' ? 'check' : 'alert'} />
      <span>{text}</span>
      {action && (
        <Button
          kind="quiet"
          onClick={() => {
            dismiss(id)
            action.run()
          }}
        >
          {action.label}
        </Button>
      )}
      <Button kind="quiet" className="square" aria-label="Dismiss this message" onClick={() => dismiss(id)}>
        <Icon name="close" size={18} />
      </Button>
    </div>
  )
}
