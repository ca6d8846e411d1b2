// The command `pxanomaly events`: events that a file exporter wrote, a readable line each.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type AnomalyEvent, eventsOf } from '../../detection/results/read-events.js';
import { jsonToProtobuf } from '../../otlp/json.js';
import { painter } from '../../terminal/colour.js';
import { formatTime } from '../../terminal/format.js';
import { type CommandIo, UsageError } from '../../terminal/io.js';
import { readArguments } from '../arguments.js';

export const USAGE: string = `Usage: pxanomaly events [FILE]

Prints the anomalies and incidents of OTLP JSON lines (the file exporter's), one line each: time (UTC), state, sentence. Without FILE it
reads its standard input, so that it can follow:

  tail -f anomalies.jsonl | npx pxanomaly events

  --help          this text
`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsed(argv);
  if (values.help) {
    io.stdout.write(USAGE);
    return 0;
  }
  const [file, ...more] = positionals;
  if (more.length > 0) throw new UsageError('events takes one file');
  const input: Readable = file === undefined ? (io.stdin ?? process.stdin) : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  io.signal?.addEventListener('abort', () => lines.close());
  // An error of the input does not end the lines by itself.
  const failed = new Promise<never>((_, reject) => input.once('error', reject));
  const skipped = await Promise.race([print(lines, io), failed]);
  if (skipped > 0) io.stderr.write(`events: lines that are no OTLP JSON: ${skipped}\n`);
  return 0;
}

function parsed(argv: readonly string[]) {
  return readArguments({ args: [...argv], allowPositionals: true, options: { help: { type: 'boolean' } } });
}

/** The number of lines that were none. */
async function print(lines: AsyncIterable<string>, io: CommandIo): Promise<number> {
  const { dim, bold } = painter(io.stdout, io.env);
  let skipped = 0;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const events = eventsOfLine(line);
    if (!events) skipped++;
    for (const { time, state, event, message } of events ?? []) {
      const what = event === 'incident' ? bold(`incident ${state}`.padEnd(17)) : state.padEnd(17);
      io.stdout.write(`${dim(formatTime(time))}  ${what}  ${message}\n`);
    }
  }
  return skipped;
}

/** Undefined: it is no OTLP JSON. */
function eventsOfLine(line: string): AnomalyEvent[] | undefined {
  try {
    return eventsOf(jsonToProtobuf('logs', Buffer.from(line)));
  } catch {
    return undefined;
  }
}
