import { useState } from 'react'
import { api } from '../api/gatehouse.ts'
import { hasTasks } from '../product.ts'
import { Button } from '../ui/Button.tsx'
import { say, warn } from '../ui/notices.ts'
import { saveData } from './save-data.ts'

/** Saves everything that is stored about the user as a file. */
export function ExportData() {
  const [isBusy, setBusy] = useState(false)

  async function download() {
    setBusy(true)
    try {
      saveData(await api.GET('/api/auth/profile/export'))
      say('Your data was downloaded.')
    } catch (error) {
      warn('Your data was not downloaded.', error)
    } finally {
      setBusy(false)
    }
  }

  return (
    <section className="apart" aria-labelledby="export-heading">
      <div>
        <h2 id="export-heading">Your data</h2>
        <p className="soft">
          Download everything that is stored about you{hasTasks && ', with all your tasks'}, as a JSON file.
        </p>
      </div>
      <Button onClick={() => void download()} disabled={isBusy}>
        {isBusy ? 'Downloading…' : 'Download data'}
      </Button>
    </section>
  )
}
