// Passwords whose hash takes long: checked in a thread, one after the other, a bounded number at a time.
import { Worker } from 'node:worker_threads';
import type { Answer, Question } from './bcrypt-worker.js';

/**
 * Checks that wait. Beyond it senders are told to come again: whoever guesses passwords must not be the only one heard.
 */
const MAX_WAITING = 32;

export class Bcrypt {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, { resolve(isRight: boolean): void; reject(error: Error): void }>();
  #last = 0;

  get isFull(): boolean {
    return this.#waiting.size >= MAX_WAITING;
  }

  verify(password: string, hash: string): Promise<boolean> {
    this.#worker ??= this.#start();
    const question: Question = { id: ++this.#last, password, hash };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.id, { resolve, reject });
      this.#worker?.postMessage(question);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#fail(new Error('the process is shutting down'));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./bcrypt-worker.js', import.meta.url));
    worker.unref();
    worker.on('message', ({ id, isRight }: Answer) => {
      this.#waiting.get(id)?.resolve(isRight);
      this.#waiting.delete(id);
    });
    worker.on('error', (error: Error) => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#fail(error);
    });
    return worker;
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
