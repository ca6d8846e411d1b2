// The command line of `pxanomaly replay`.
import { parseArgs } from 'node:util';
import { parseDuration } from '../config/duration.js';
import { UsageError } from '../terminal/io.js';

export const USAGE = `Usage: pxanomaly replay [options] FILE…

Finds anomalies in recorded traffic, on event time, as fast as it can be read.
FILE: OTLP JSON (lines, documents, arrays; requests or single resources) or length-prefixed protobuf of the Collector's file exporter,
a single OTLP request, the answer of a Prometheus range query, or CSV; may be compressed with gzip or zstd. What cannot be read is
skipped and counted. The last window of OTLP is not judged where the recording seems to end in the middle of it.

  --csv                 every FILE is CSV with the header
                        time,cluster,namespace,src_service,dst_service,latency,requests,errors,bytes
                        (Unix seconds at the window's end; latency in seconds; empty: absent; a row an edge and window)
  --window 10s          length of a window of CSV data; default: the step between the times of the table
  --config FILE         gateway configuration (its anomaly processor is used), or the processor's settings alone
  --set KEY=VALUE       one setting of the anomaly processor, as in --set threshold=0.95; repeatable
  --json                one JSON document on stdout in place of tables
  --events FILE         a JSON line for each event; - for stdout
  --labels FILE         CSV of faults (start,end,cluster,namespace,src_service,dst_service,kind): prints recall, precision,
                        false episodes per edge-day and delay; kind "ignore" marks what is neither true nor false
  --warm-up 12h         time from the beginning that the labels' scores leave out; default 0s
  --sweep KEY=V1,V2,…   replays once for each value and compares, as in --sweep threshold=0.8,0.9,0.95
  --plot FILE           where --sweep draws its plot (SVG); default pxanomaly-sweep.svg
  --checkpoint DIR      goes on from what was learnt there, and leaves it there with what is learnt now: a gateway whose
                        file_storage has this directory, and the same anomaly settings, starts with warm baselines
  --help                this text
`;

export interface Sweep {
  readonly key: string;
  readonly values: readonly string[];
}

export interface ReplayOptions {
  readonly files: readonly string[];
  readonly csv: boolean;
  readonly windowMs: number | undefined;
  readonly config: string | undefined;
  /** Key and YAML value. */
  readonly sets: readonly (readonly [string, string])[];
  readonly json: boolean;
  readonly events: string | undefined;
  readonly labels: string | undefined;
  readonly warmUpMs: number;
  readonly sweep: Sweep | undefined;
  readonly plot: string;
  readonly checkpoint: string | undefined;
}

/** The options; 'help' where that is what was asked for. Throws `UsageError`. */
export function parseReplayOptions(argv: readonly string[]): ReplayOptions | 'help' {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  if (positionals.length === 0) throw new UsageError('which FILE?');
  const sweep = values.sweep === undefined ? undefined : parseSweep(values.sweep);
  if (sweep && values.events !== undefined) throw new UsageError('--events is of one replay, --sweep makes several');
  if (sweep && values.checkpoint !== undefined)
    throw new UsageError('--checkpoint is of one replay, --sweep makes several');
  return {
    files: positionals,
    csv: values.csv ?? false,
    windowMs: values.window === undefined ? undefined : positive('--window', values.window),
    config: values.config,
    sets: (values.set ?? []).map((text) => keyValue('--set', text)),
    json: values.json ?? false,
    events: values.events,
    labels: values.labels,
    warmUpMs: values['warm-up'] === undefined ? 0 : duration('--warm-up', values['warm-up']),
    sweep,
    plot: values.plot ?? 'pxanomaly-sweep.svg',
    checkpoint: values.checkpoint,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        csv: { type: 'boolean' },
        window: { type: 'string' },
        config: { type: 'string' },
        set: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        events: { type: 'string' },
        labels: { type: 'string' },
        'warm-up': { type: 'string' },
        sweep: { type: 'string' },
        plot: { type: 'string' },
        checkpoint: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function duration(option: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new UsageError(`${option}: expected a duration such as "10s", got "${text}"`);
  return ms;
}

function positive(option: string, text: string): number {
  const ms = duration(option, text);
  if (ms <= 0) throw new UsageError(`${option}: expected more than 0, got "${text}"`);
  return ms;
}

function keyValue(option: string, text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UsageError(`${option}: expected KEY=VALUE, got "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function parseSweep(text: string): Sweep {
  const [key, list] = keyValue('--sweep', text);
  const values = list.split(',').filter((value) => value !== '');
  if (values.length === 0) throw new UsageError('--sweep: expected values, as in --sweep threshold=0.8,0.9');
  return { key, values };
}
