import { createStore } from '../store.ts'

const key = 'shortcuts'

function isTurnedOff(): boolean {
  try {
    return localStorage.getItem(key) === 'off'
  } catch {
    return false
  }
}

const inUse = createStore(!isTurnedOff())

/**
 * Whether keys without a modifier do something. They can be turned off for those who dictate, or use a screen reader
 * (WCAG 2.1.4).
 */
export const useShortcutsInUse = inUse.use

export function turnShortcuts(on: boolean): void {
  inUse.set(on)
  try {
    if (on) localStorage.removeItem(key)
    else localStorage.setItem(key, 'off')
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}

const fields = 'input:not([type=checkbox], [type=radio]), textarea, select'

/** Whether a key is not part of a text, of a combination, or for an open dialog. */
export const isShortcut = ({ target, ctrlKey, metaKey, altKey, isComposing }: KeyboardEvent) =>
  !(ctrlKey || metaKey || altKey || isComposing) &&
  !(target instanceof Element && target.matches(fields)) &&
  !document.querySelector('dialog[open]')
