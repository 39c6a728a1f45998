import { appName } from '../product.ts'

/** The logo: an arch with a light. */
export function Brand() {
  return (
    <span className="brand">
      <svg aria-hidden="true" viewBox="0 0 32 32" width="30" height="30">
        <path className="brand-arch" d="M5 28V16a11 11 0 0 1 22 0v12" />
        <path className="brand-light" d="M11.500 28V17a4.500 4.500 0 0 1 9 0v11z" />
      </svg>
      <span className="brand-name">{appName}</span>
    </span>
  )
}
