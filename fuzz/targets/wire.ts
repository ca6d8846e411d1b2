// A socket that exists only here, and what is said on it.
import { Duplex } from 'node:stream';

export class Wire extends Duplex {
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(Buffer.from(chunk));
    done();
  }

  /** The peer says this, a piece at a time; each piece's memory is overwritten behind it, as that of a socket is. */
  async hear(bytes: Uint8Array, cuts: readonly number[]): Promise<void> {
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      if (to <= from || to > bytes.length) continue;
      const chunk = Buffer.from(bytes.subarray(from, to));
      this.emit('data', chunk);
      chunk.fill(0xa5);
      from = to;
      // Others have their turn first: so a socket would be waited for.
      while (this.isPaused()) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The peer has gone. */
  hangUp(): void {
    this.emit('end');
    this.emit('close');
    this.destroy();
  }
}

/** Cuts that differ from input to input and are the same for each. */
export function cutsOf(bytes: Uint8Array): number[] {
  let state = 0x811c_9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x0100_0193) >>> 0;
  const cuts: number[] = [];
  for (let at = 0; at < bytes.length && cuts.length < 64; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    at += 1 + ((state >>> 16) % (state % 3 === 0 ? 3 : 40));
    cuts.push(at);
  }
  return cuts;
}
