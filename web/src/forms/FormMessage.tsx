import { Icon } from '../ui/Icon.tsx'
import './field.css'

/** An error of the form as a whole. The live region exists before its text, so that the text is read out. */
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
