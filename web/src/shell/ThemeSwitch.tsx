import { useState } from 'react'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { chooseTheme, chosenTheme, themes } from './theme.ts'

const icons = { system: 'system', light: 'sun', dark: 'moon' } as const

/** One button that cycles through system, light and dark. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme)

  function next() {
    const chosen = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'
    chooseTheme(chosen)
    setTheme(chosen)
  }

  return (
    <Button kind="quiet" className="square" aria-label={`Theme: ${theme}`} title={`Theme: ${theme}`} onClick={next}>
      <Icon name={icons[theme]} />
    </Button>
  )
}
