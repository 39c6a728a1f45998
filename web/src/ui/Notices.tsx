import { useEffect, useRef } from 'react'
import { NoticeCard } from './NoticeCard.tsx'
import { type Notice, useNotices } from './notices.ts'
import { uncoverFocus } from './uncover.ts'
import './notices.css'

/** The live regions exist from the start: screen readers announce only additions to an existing region. */
export function Notices() {
  const notices = useNotices()
  const region = useRef<HTMLElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: each notice covers something else
  useEffect(() => {
    const uncover = () => uncoverFocus(region.current)
    uncover()
    addEventListener('focusin', uncover)
    return () => removeEventListener('focusin', uncover)
  }, [notices])

  const of = (kind: Notice['kind']) => notices.filter((notice) => notice.kind === kind)
  const cards = (kind: Notice['kind']) => of(kind).map((notice) => <NoticeCard key={notice.id} notice={notice} />)
  return (
    <section ref={region} className="notices" aria-label="Messages">
      <div role="status">{cards('word')}</div>
      <div role="alert">{cards('trouble')}</div>
      <div role="status" className="visually-hidden">
        {of('whisper').map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
      </div>
    </section>
  )
}
