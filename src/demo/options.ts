// The command line of `pxanomaly demo`.
import { parseArgs } from 'node:util';
import { parseDuration } from '../config/duration.js';
import { UsageError } from '../terminal/io.js';

export const USAGE = `Usage: pxanomaly demo [options]

A simulated Kubernetes shop is sent to a gateway as Pixie would send it; faults are injected in turns, and you see how soon each is found.

  --once            end after one turn of all faults
  --faults N        end after N faults
  --speed N         live windows N times as fast as real time; default 1
  --history 12h     history that is loaded first
  --seed N          another shop; default 1
  --file PATH       where anomalies are written as OTLP JSON lines; default anomalies.jsonl
  --help            this text
`;

export interface DemoOptions {
  /** Faults before it ends by itself; undefined: until it is interrupted. */
  readonly faults: number | undefined;
  readonly speed: number;
  readonly historyMs: number;
  readonly seed: number;
  readonly file: string;
}

/** Edges may alert after 60 windows of 10 s, and a demo of silence is none. */
const LEAST_HISTORY_MS = 30 * 60_000;
const USUAL_HISTORY_MS = 12 * 3_600_000;

/** The options; 'help' where that is what was asked for. `turn`: faults of one turn. Throws `UsageError`. */
export function parseDemoOptions(argv: readonly string[], turn: number): DemoOptions | 'help' {
  const values = parse(argv);
  if (values.help) return 'help';
  const historyMs = values.history === undefined ? USUAL_HISTORY_MS : parseDuration(values.history);
  if (historyMs === undefined || historyMs < LEAST_HISTORY_MS) {
    throw new UsageError(`--history: expected a duration of at least 30m, got "${values.history}"`);
  }
  const faults = values.faults === undefined ? undefined : number('--faults', values.faults, 1);
  return {
    faults: faults ?? (values.once ? turn : undefined),
    speed: values.speed === undefined ? 1 : number('--speed', values.speed, 0.1),
    historyMs,
    seed: values.seed === undefined ? 1 : number('--seed', values.seed, 0),
    file: values.file ?? 'anomalies.jsonl',
  };
}

interface Written {
  readonly once?: boolean;
  readonly faults?: string;
  readonly speed?: string;
  readonly history?: string;
  readonly seed?: string;
  readonly file?: string;
  readonly help?: boolean;
}

function parse(argv: readonly string[]): Written {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean' },
        faults: { type: 'string' },
        speed: { type: 'string' },
        history: { type: 'string' },
        seed: { type: 'string' },
        file: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least))
    throw new UsageError(`${option}: expected a number from ${least}, got "${text}"`);
  return value;
}
