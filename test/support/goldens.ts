// The golden streams of the detection: those below test/fixtures, or the full ones of a checkout that lies beside the
// repository.
import { existsSync, readFileSync } from 'node:fs';
import { fixture, ROOT } from './paths.js';

/**
 * A folder of data beside the repository, or beside the folder its worktree is in; undefined on machines without
 * it.
 */
export function sharedData(path: string): string | undefined {
  return [`${ROOT}/../shared/data/${path}`, `${ROOT}/../../shared/data/${path}`].find((folder) => existsSync(folder));
}

/** Why a test does without: the same words everywhere, so that it is reported once. */
export const WITHOUT_DATA = 'the full goldens and recordings are not beside the repository';

/** An alert that the oracle opened; null: there is none. */
export interface Opening {
  readonly window: number;
  readonly edge: number;
  readonly kind: string;
  readonly score: number;
  readonly feature: string | null;
  readonly observed: number | null;
  readonly expected: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

export interface GoldenFacts {
  readonly window_s: number;
  readonly features: readonly string[];
  readonly kinds: readonly string[];
  readonly level_nats: number;
  readonly incident_level_nats?: number;
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly cluster: readonly number[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly openings: readonly Opening[];
  readonly incident_events?: readonly { readonly window: number; readonly state: string }[];
}

/** A buffer at an offset that typed arrays like. */
function bytes(path: string): ArrayBuffer {
  return Uint8Array.from(readFileSync(path)).buffer;
}

/** Arrays of one golden, by file name. */
export class Golden {
  readonly facts: GoldenFacts;

  constructor(
    readonly folder: string,
    readonly name: string,
  ) {
    this.facts = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as GoldenFacts;
  }

  has(file: string): boolean {
    return existsSync(this.#path(file));
  }
  f32(file: string): Float32Array {
    return new Float32Array(bytes(this.#path(file)));
  }
  i32(file: string): Int32Array {
    return new Int32Array(bytes(this.#path(file)));
  }
  i16(file: string): Int16Array {
    return new Int16Array(bytes(this.#path(file)));
  }
  u8(file: string): Uint8Array {
    return new Uint8Array(bytes(this.#path(file)));
  }
  #path(file: string): string {
    return `${this.folder}/${this.name}-${file}`;
  }
}

/** The copies in the repository. */
export const FIXTURES: string = fixture('synth');
