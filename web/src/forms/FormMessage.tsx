import { Icon } from '../ui/Icon.tsx'
import './field.css'

/** What is wrong with the form as a whole. The region is there before its text, so that the text is read out. */
export function FormMessage({ text }: { text: string }) {
  return (
    <div role="alert">
      {text && (
        <p className="form-message">
          <Icon name="alert" />
          {text}
        </p>
      )}
    </div>
  )
}
