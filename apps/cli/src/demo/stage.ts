import { LiveView } from '../terminal/live-view.js'
import type { Terminal } from '../terminal/terminal.js'
import { leastWidth, liveLines, plainLine } from './live-lines.js'
import type { RunView } from './run-view.js'

/** Where the demo shows what it is doing. */
export type Stage = {
  show(views: readonly RunView[]): void
  /** Says something that is not part of the picture. */
  say(line: string): void
  /** Leaves the last picture standing. */
  end(): void
}

const redrawEveryMs = 200
const lineEveryMs = 5000

/** Redrawn in place where somebody watches a terminal that is wide enough, else a line a run every few seconds. */
export function createStage(terminal: Terminal, url: string, options: { readonly onStderr: boolean }): Stage {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  let views: readonly RunView[] = []
  const print = options.onStderr ? terminal.note : terminal.print

  if (options.onStderr || !terminal.live || terminal.width < leastWidth) {
    const timer = setInterval(() => {
      for (const view of views)
        if (view.state === 'training') print(plainLine(view, seconds(), performance.now()))
    }, lineEveryMs)
    return { show: (next) => (views = next), say: print, end: () => clearInterval(timer) }
  }

  let picture: LiveView | undefined = new LiveView(process.stdout)
  const draw = (): void =>
    picture?.draw(liveLines({ url, views, seconds: seconds(), nowMs: performance.now() }, terminal))
  const timer = setInterval(draw, redrawEveryMs)
  const end = (): void => {
    clearInterval(timer)
    if (picture === undefined) return
    draw()
    picture.end(true)
    picture = undefined
  }
  return {
    show: (next) => (views = next),
    say(line) {
      end()
      print(line)
    },
    end,
  }
}
