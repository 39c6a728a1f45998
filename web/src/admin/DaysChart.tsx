import type { ActivityDay } from '../api/types.ts'

type Measure = Exclude<keyof ActivityDay, 'day'>

interface Props {
  title: string
  days: readonly ActivityDay[]
  /** At most two, by their names for people. */
  measures: Partial<Record<Measure, string>>
}

const size = { width: 600, height: 140, gap: 2 }
const number = new Intl.NumberFormat('en')

/** Two bars a day, and the same numbers as a table. */
export function DaysChart({ title, days, measures }: Props) {
  const shown = Object.entries(measures) as [Measure, string][]
  const most = Math.max(1, ...days.flatMap((day) => shown.map(([name]) => day[name])))
  const width = size.width / Math.max(1, days.length)
  const bar = (width - size.gap) / shown.length
  const totals = shown.map(
    ([name, label]) => `${number.format(days.reduce((sum, day) => sum + day[name], 0))} ${label}`
  )
  return (
    <figure className="sheet card chart">
      <figcaption>
        <h2>{title}</h2>
        <p className="soft small">
          {totals.join(', ')} in {days.length} days; at most {number.format(most)} a day
        </p>
      </figcaption>
      <svg viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={`${title}: ${totals.join(', ')}`}>
        {days.flatMap((day, i) =>
          shown.map(([name], j) => {
            const height = (size.height * day[name]) / most
            return (
              <rect
                key={`${day.day} ${name}`}
                className={`bar-${j}`}
                x={i * width + j * bar}
                y={size.height - height}
                width={bar}
                height={height}
              />
            )
          })
        )}
      </svg>
      <p className="row small">
        {shown.map(([name, label], j) => (
          <span key={name} className="chart-key">
            <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
              <rect className={`bar-${j}`} width="10" height="10" />
            </svg>
            {label}
          </span>
        ))}
      </p>
      <details>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              {shown.map(([name, label]) => (
                <th key={name} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <tr key={day.day}>
                <th scope="row">{day.day}</th>
                {shown.map(([name]) => (
                  <td key={name}>{number.format(day[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  )
}
