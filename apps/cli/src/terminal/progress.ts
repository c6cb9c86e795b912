const quietForMs = 1000
const redrawEveryMs = 500

/** A line on stderr that says what is waited for; nothing at all where the answer comes within a second. */
export type Progress = { update(what: string): void; done(): void }

export function showProgress(what: string, stderr: NodeJS.WriteStream = process.stderr): Progress {
  const began = performance.now()
  let text = what
  let shown = false
  const draw = (): void => {
    const line = `… ${text} (${Math.floor((performance.now() - began) / 1000)} s)`
    if (stderr.isTTY) stderr.write(`\r\u001b[K${line}`)
    else if (!shown) stderr.write(`${line}\n`)
    shown = true
  }
  let timer = setTimeout(function again() {
    draw()
    timer = setTimeout(again, redrawEveryMs)
    timer.unref()
  }, quietForMs)
  timer.unref()
  return {
    update: (next) => (text = next),
    done: () => {
      clearTimeout(timer)
      if (shown && stderr.isTTY) stderr.write('\r\u001b[K')
    },
  }
}

export async function withProgress<T>(what: string, work: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = showProgress(what)
  try {
    return await work(progress)
  } finally {
    progress.done()
  }
}
