// A file with a secret in it, which may be rotated while the process runs: read at start, and again when it changes.
import { readFile } from 'node:fs/promises';

/** Files are small; mounted Secrets are replaced by links, of which not every file system tells. */
const LOOK_MS = 1000;

export interface SecretFileEvents {
  changed(file: string): void;
  /** It cannot be read any more, or says nothing that can be used: what it said before holds. */
  failed(file: string, error: Error): void;
}

export class SecretFiles {
  readonly #files: ReadonlyMap<string, (text: string) => void>;
  readonly #events: SecretFileEvents;
  readonly #texts = new Map<string, string>();
  readonly #failing = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  /** What takes the text of each file, and throws where it cannot be used. */
  constructor(files: ReadonlyMap<string, (text: string) => void>, events: SecretFileEvents) {
    this.#files = files;
    this.#events = events;
  }

  /** Reads them all. Rejects, with the file's name, where one cannot be read or used. */
  async start(): Promise<void> {
    for (const [file, use] of this.#files) {
      try {
        const text = await readFile(file, 'utf8');
        use(text);
        this.#texts.set(file, text);
      } catch (cause) {
        throw new Error(`${file} cannot be used: ${(cause as Error).message}`, { cause });
      }
    }
    if (this.#files.size > 0) this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  #look(): void {
    this.#looking ??= this.look().finally(() => {
      this.#looking = undefined;
    });
  }

  /** Reads what has changed. */
  async look(): Promise<void> {
    for (const [file, use] of this.#files) {
      try {
        const text = await readFile(file, 'utf8');
        if (text === this.#texts.get(file)) continue;
        use(text);
        this.#texts.set(file, text);
        this.#failing.delete(file);
        this.#events.changed(file);
      } catch (error) {
        if (this.#failing.has(file)) continue;
        this.#failing.add(file);
        this.#events.failed(file, error as Error);
      }
    }
  }
}
