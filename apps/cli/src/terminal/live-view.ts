const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A` : '')

/** Lines that are drawn over themselves. They must be no wider than the terminal; those that are too many for it are left out at the end. */
export class LiveView {
  private readonly stdout: NodeJS.WriteStream
  private drawn = 0
  /** What was drawn, to draw nothing where nothing has changed. */
  private last = ''

  constructor(stdout: NodeJS.WriteStream) {
    this.stdout = stdout
    stdout.write('\u001b[?25l')
  }

  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, Math.max(1, (this.stdout.rows || 24) - 1))
    const text = shown.join('\n')
    if (text === this.last) return
    this.last = text
    this.stdout.write(`${this.back()}${shown.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`)
    this.drawn = shown.length
  }

  /** Takes the lines away, or leaves them as they are. */
  end(keep: boolean): void {
    this.stdout.write(`${keep ? '' : `${this.back()}\u001b[J`}\u001b[?25h`)
    this.drawn = 0
  }

  private back(): string {
    return `\r${up(this.drawn)}`
  }
}
