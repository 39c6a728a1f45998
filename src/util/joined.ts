interface Call<Key, Value> {
  key: Key
  resolve: (value: Value) => void
  reject: (error: unknown) => void
}

/**
 * Joins calls into few: those of one moment, and those that come while `load` works, which happens once at a time. `load`
 * returns the values in the order of the keys. If it fails, each call is repeated by itself, so that one cannot fail the
 * others.
 */
export function joined<Key, Value>(load: (keys: Key[]) => Promise<Value[]>): (key: Key) => Promise<Value> {
  let waiting: Call<Key, Value>[] = []
  let isRunning = false

  const answer = async (calls: Call<Key, Value>[]) => {
    const values = await load(calls.map(({ key }) => key))
    for (const [i, { resolve }] of calls.entries()) resolve(values[i] as Value)
  }

  async function run(): Promise<void> {
    isRunning = true
    // Calls of the same moment.
    await undefined
    while (waiting.length > 0) {
      const calls = waiting
      waiting = []
      await answer(calls).catch((error) => {
        if (calls.length === 1) calls[0]?.reject(error)
        else return Promise.all(calls.map((call) => answer([call]).catch(call.reject)))
      })
    }
    isRunning = false
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      if (!isRunning) void run()
    })
}
