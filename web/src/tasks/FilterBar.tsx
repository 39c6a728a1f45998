import { useId } from 'react'
import { type Filter, type Order, orders, type Status, statuses } from './filter.ts'
import { SearchBox } from './SearchBox.tsx'
import './filter-bar.css'

interface Props {
  filter: Filter
  onChange: (change: Partial<Filter>) => void
}

export function FilterBar({ filter, onChange }: Props) {
  const id = useId()
  return (
    <section className="filters" aria-label="What the list shows">
      <SearchBox label="Search tasks" q={filter.q} onSearch={(q) => onChange({ q })} />
      <fieldset className="segments">
        <legend className="visually-hidden">Show</legend>
        {Object.entries(statuses).map(([status, label]) => (
          <label key={status}>
            <input
              type="radio"
              name="status"
              checked={filter.status === status}
              onChange={() => onChange({ status: status as Status })}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <div className="sort">
        <label htmlFor={id}>Sort by</label>
        <select
          id={id}
          className="text-box"
          value={filter.order}
          onChange={(event) => onChange({ order: event.currentTarget.value as Order })}
        >
          {Object.entries(orders).map(([order, label]) => (
            <option key={order} value={order}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </section>
  )
}
