/**
 * Text gathered as bytes, a line at a time. One long string would be a tree of pieces that all outlive the young
 * generation: collecting that cost more than making the text.
 */
export class LineBuffer {
  #bytes = Buffer.allocUnsafe(1 << 16)
  #length = 0

  add(line: string): void {
    // No character of a string takes more than three bytes.
    const needed = this.#length + line.length * 3
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#length += this.#bytes.write(line, this.#length)
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
