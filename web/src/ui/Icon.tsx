const paths = {
  add: 'M12 5v14M5 12h14',
  edit: 'M4 20h4L19 9l-4-4L4 16v4zM13.500 6.500l4 4',
  remove: 'M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5',
  search: 'M11 4.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zM16 16l4.500 4.500',
  close: 'M6 6l12 12M18 6L6 18',
  alert: 'M12 4l9 16H3L12 4zM12 10v4.500M12 17v.500',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  undo: 'M9 14L4.500 9.500 9 5M5 9.500h8.500a5.500 5.500 0 0 1 0 11H10',
  desktop: 'M3.500 5h17v11h-17zM9 20h6M12 16v4',
  phone: 'M7.500 3h9v18h-9zM11 18h2',
  terminal: 'M3.500 5h17v14h-17zM7 9.500l3 2.500-3 2.500M12.500 15h4',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M18.700 5.300l-1.400 1.400M6.700 17.300l-1.400 1.400',
  moon: 'M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z',
  keyboard: 'M3.500 6h17v12h-17zM7 10h.500M10.300 10h.500M13.600 10h.500M16.800 10h.500M7.500 14h9',
  system: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 4v16M12 8h5.500M12 12h8M12 16h5.500',
  offline: 'M4 4l16 16M8.500 15.500a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.300M19 12a10 10 0 0 0-5-2.600M12 19v.500'
} as const

export type IconName = keyof typeof paths

/** A decorative icon beside text, hidden from screen readers. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  )
}
