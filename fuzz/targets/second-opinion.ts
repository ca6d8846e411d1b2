// What the protobuf of Python (upb) says of the same bodies: asked for many at once, since it lives in another process.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Signal } from '../../src/pipeline/index.js';

/** Every so many-th body is sent: the other process is slower than all of ours together. */
const SHARE = 4;
const BATCH = 2000;

interface Question {
  readonly body: Uint8Array;
  readonly items: number | undefined;
}

/** The interpreter and the script, where the runner has found them. */
const command = (): readonly string[] => JSON.parse(process.env.FUZZ_SECOND_OPINION ?? '[]') as string[];

export class SecondOpinion {
  readonly #signal: Signal;
  readonly #child: ChildProcess | undefined;
  #questions: Question[] = [];
  #seen = 0;
  /** Bodies that both have judged. */
  asked = 0;

  constructor(signal: Signal) {
    this.#signal = signal;
    const [program, ...rest] = command();
    if (!program) return;
    this.#child = spawn(program, [...rest, signal], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.unref();
  }

  ask(body: Uint8Array, items: number | undefined): void {
    if (this.#child && this.#seen++ % SHARE === 0 && this.#questions.length < BATCH)
      this.#questions.push({ body, items });
  }

  /** Throws where one of the bodies is judged otherwise. */
  async settle(): Promise<void> {
    const questions = this.#questions;
    if (!this.#child || questions.length === 0) return;
    this.#questions = [];
    const head = Buffer.alloc(4);
    head.writeUInt32BE(questions.length);
    this.#child.stdin!.write(Buffer.concat([head, ...questions.flatMap(({ body }) => [lengthOf(body), body])]));
    const answers = await this.#read(4 * questions.length);
    for (const [i, { body, items }] of questions.entries()) {
      const theirs = answers.readInt32BE(4 * i);
      if (theirs !== (items ?? -1)) throw new OtherOpinion(this.#signal, body, items, theirs);
    }
    this.asked += questions.length;
  }

  async #read(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let had = 0;
    while (had < bytes) {
      const part = this.#child!.stdout!.read() as Buffer | null;
      if (!part) {
        await once(this.#child!.stdout!, 'readable');
        continue;
      }
      parts.push(part);
      had += part.length;
    }
    assert.equal(had, bytes);
    return Buffer.concat(parts);
  }
}

/** The body at fault is not the one that has run last. */
export class OtherOpinion extends Error {
  constructor(
    signal: Signal,
    readonly body: Uint8Array,
    items: number | undefined,
    theirs: number,
  ) {
    super(`${signal}: ${items ?? 'malformed'} here, ${theirs < 0 ? 'malformed' : theirs} in Python's protobuf`);
  }
}

function lengthOf(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return length;
}
