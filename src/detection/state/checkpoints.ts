// Checkpoints in storage: written one at a time, read once, and put aside where they cannot be believed.
import type { AnomalyEvents } from '../../telemetry/anomaly-events.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';

/** Where checkpoints go. */
export interface Storage {
  read(name: string): Promise<Uint8Array | undefined>;
  /** One file of all parts. */
  writeAtomic(name: string, ...parts: readonly Uint8Array[]): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What a refused file is kept as, behind its name. */
export const ASIDE = '.bad';

export class Checkpoints {
  readonly #storage: Storage;
  readonly #name: string;
  readonly #events: AnomalyEvents;

  constructor(storage: Storage, name: string, events: AnomalyEvents) {
    this.#storage = storage;
    this.#name = name;
    this.#events = events;
  }

  /**
   * The checkpoint; undefined where there is none, or none that can be believed. Never throws: a gateway starts without
   * it.
   */
  async read(): Promise<Checkpoint | undefined> {
    try {
      const bytes = await this.#storage.read(this.#name);
      return bytes && (await decodeCheckpoint(bytes));
    } catch (error) {
      await this.refuse(error);
      return undefined;
    }
  }

  /** Puts the file aside, for a person to look at, and says why. */
  async refuse(reason: unknown): Promise<void> {
    const aside = this.#name + ASIDE;
    let isKept = false;
    try {
      const bytes = await this.#storage.read(this.#name);
      if (bytes) {
        await this.#storage.writeAtomic(aside, bytes);
        await this.#storage.remove(this.#name);
        isKept = true;
      }
    } catch {
      // The storage itself is at fault: what it said is the reason already.
    }
    this.#events.checkpointRefused(messageOf(reason), isKept ? aside : undefined);
  }

  /**
   * Writes a state; the caller waits for one that is on its way. `heldMs`: the longest that taking it held the event
   * loop. Never throws: where it gives false, the last checkpoint stands.
   */
  async write(checkpoint: Checkpoint, heldMs: number): Promise<boolean> {
    const start = performance.now();
    try {
      const parts = await encodeCheckpoint(checkpoint);
      await this.#storage.writeAtomic(this.#name, ...parts);
      const bytes = parts.reduce((sum, { length }) => sum + length, 0);
      this.#events.checkpointWritten({ edges: checkpoint.header.edges, bytes, ms: performance.now() - start, heldMs });
      return true;
    } catch (error) {
      this.#events.checkpointFailed(error);
      return false;
    }
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
