import './gate.css'

/** Degrees from the keystone. */
const stones = [-78, -52, -26, 0, 26, 52, 78]

/** The illustration of the gatehouse: a wall, an arch of stones, a door ajar with a light behind it. */
export function Gate() {
  return (
    <svg className="gate" aria-hidden="true" viewBox="0 0 200 206" width="200" height="206">
      <path className="gate-wall" d="M18 198V44h14V28h22v16h20V28h22v16h8V28h22v16h20V28h22v16h14v154z" />
      <path className="gate-slit" d="M36 74h5v26h-5zM159 74h5v26h-5z" />
      {stones.map((turn) => (
        <path key={turn} className="gate-stone" d="M90.500 86l-4-20h27l-4 20z" transform={`rotate(${turn} 100 138)`} />
      ))}
      <path className="gate-light" d="M52 198v-60a48 48 0 0 1 96 0v60z" />
      <path className="gate-path" d="M92 198l10-36q6-10 12 0l34 36z" />
      <path className="gate-door" d="M52 198v-60a48 48 0 0 1 26-42.500q14 12 14 34V198z" />
      <path className="gate-plank" d="M65 198v-91M79 198v-100" />
      <circle className="gate-knob" cx="85" cy="156" r="2.600" />
      <path className="gate-ground" d="M5 199.500h190" />
    </svg>
  )
}
