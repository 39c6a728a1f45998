import type { ButtonHTMLAttributes } from 'react'
import './button.css'

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `main` once per form; `plain` beside it; `danger` for irreversible actions; `quiet` in rows and bars. */
  kind?: 'main' | 'plain' | 'danger' | 'quiet'
  ref?: React.Ref<HTMLButtonElement>
}

export function Button({ kind = 'plain', className = '', type = 'button', ...rest }: Props) {
  return <button type={type} className={`button ${kind} ${className}`} {...rest} />
}
