// Exporters of earlier configurations that still deliver what they had taken.
import type { Logger } from '../telemetry/index.js';
import type { Leftover } from './lifecycle.js';

export class Lingering {
  /** What such ones had to give up. */
  readonly lost: Leftover[] = [];
  readonly #log: Logger;
  readonly #underway = new Set<Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Lets an exporter that is not part of the configuration any more end in its own time. */
  add(left: Promise<Leftover | undefined>): void {
    const ended = left.then((leftover) => {
      this.#underway.delete(ended);
      if (!leftover) return;
      this.lost.push(leftover);
      this.#log.error({ component: leftover.name }, `reload: ${leftover.reason}`);
    });
    this.#underway.add(ended);
  }

  /** Resolves when all have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#underway);
  }
}
