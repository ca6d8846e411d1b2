// The command `pxanomaly queue`: what waits on the disk of a gateway, and a way to be rid of it.
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../config/bytes.js';
import { queueOwner } from '../../extensions/file-storage/file-storage.js';
import { outlineOf } from '../../sending/stored-batch.js';
import { DirectoryLock, readLog } from '../../storage/index.js';
import { countOf, formatTime } from '../../terminal/format.js';
import { type CommandIo, UsageError } from '../../terminal/io.js';
import { readArguments } from '../arguments.js';

export const USAGE: string = `Usage: pxanomaly queue list DIRECTORY [--json]
       pxanomaly queue drop DIRECTORY --exporter ID

What exporters with sending_queue.storage have taken and not delivered, in the directory of their file_storage: requests and items by
signal, since when, bytes on disk, and what of it is damaged.

  list             reads alone, also beside a running gateway (what that writes meanwhile may be missing)
  drop             removes the queue of an exporter; the gateway must be stopped. What it holds is lost.
  --exporter ID    as in the configuration: otlp_grpc, otlp_grpc/backend
  --json           machine-readable
  --help           this text

Exit code: 0 done; 1 no such directory or queue, or the directory is in use; 2 a wrong command line.
`;

const OPTIONS = { exporter: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } as const;

/** How long `drop` waits for a gateway that is just ending; ms. */
const LOCK_MS = 1_000;

export interface ListedQueue {
  readonly exporter: string;
  readonly requests: number;
  readonly items: Readonly<Record<string, number>>;
  /** When the oldest was received, Unix seconds; undefined: nothing waits. */
  readonly oldestSeconds: number | undefined;
  readonly bytes: number;
  readonly damaged: number;
  readonly tornBytes: number;
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsed(argv);
  if (values.help) {
    io.stdout.write(USAGE);
    return 0;
  }
  const [action, directory, ...more] = positionals;
  if ((action !== 'list' && action !== 'drop') || directory === undefined || more.length > 0)
    throw new UsageError('say queue list DIRECTORY or queue drop DIRECTORY');
  if (action === 'list') {
    if (values.exporter !== undefined) throw new UsageError('--exporter belongs to queue drop');
    const queues = await listed(directory);
    io.stdout.write(values.json ? `${JSON.stringify(queues, undefined, 2)}\n` : textOf(directory, queues));
    return 0;
  }
  if (values.exporter === undefined) throw new UsageError('queue drop needs --exporter: whose queue is to be removed');
  io.stdout.write(await drop(directory, values.exporter));
  return 0;
}

function parsed(argv: readonly string[]) {
  return readArguments({ args: [...argv], allowPositionals: true, options: OPTIONS });
}

/** The directories of queues, with whose each is. */
async function queuesIn(directory: string): Promise<{ exporter: string; path: string }[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${directory} cannot be read: ${error.code ?? error.message}`);
  });
  return names.toSorted().flatMap((name) => {
    const exporter = queueOwner(name);
    return exporter === undefined ? [] : [{ exporter, path: join(directory, name) }];
  });
}

async function listed(directory: string): Promise<ListedQueue[]> {
  const queues: ListedQueue[] = [];
  for (const { exporter, path } of await queuesIn(directory)) {
    const { left, bytes, damaged, tornBytes } = await readLog(path);
    const items: Record<string, number> = {};
    let oldest = Number.POSITIVE_INFINITY;
    for (const { meta } of left) {
      const batch = outlineOf(meta)?.batch;
      if (!batch) continue;
      items[batch.signal] = (items[batch.signal] ?? 0) + batch.items;
      oldest = Math.min(oldest, Number(batch.receivedUnixNano / 1_000_000n) / 1_000);
    }
    const oldestSeconds = Number.isFinite(oldest) ? oldest : undefined;
    queues.push({ exporter, requests: left.length, items, oldestSeconds, bytes, damaged, tornBytes });
  }
  return queues;
}

function textOf(directory: string, queues: readonly ListedQueue[]): string {
  if (queues.length === 0) return `${directory} holds no queue (queue.…)\n`;
  return queues.map(lineOf).join('');
}

function lineOf({ exporter, requests, items, oldestSeconds, bytes, damaged, tornBytes }: ListedQueue): string {
  const what = Object.entries(items).map(([signal, count]) => `${signal} ${count}`);
  const parts = [
    countOf(requests, 'request'),
    ...(what.length > 0 ? [`items: ${what.join(', ')}`] : []),
    ...(oldestSeconds === undefined ? [] : [`oldest of ${formatTime(oldestSeconds)} UTC`]),
    `${formatBytes(bytes)} on disk`,
    ...(damaged > 0 ? [`damaged at ${countOf(damaged, 'place')}`] : []),
    ...(tornBytes > 0 ? [`${formatBytes(tornBytes)} cut short`] : []),
  ];
  return `${exporter}: ${parts.join('; ')}\n`;
}

async function drop(directory: string, exporter: string): Promise<string> {
  const queues = await queuesIn(directory);
  const found = queues.find((one) => one.exporter === exporter);
  if (!found) {
    const there = queues.map((one) => one.exporter).join(', ') || 'none';
    throw new Error(`${directory} holds no queue of ${exporter}; there is ${there}`);
  }
  const lock = await DirectoryLock.take(directory, LOCK_MS);
  try {
    const { left } = await readLog(found.path);
    // Out of the way first, so that a crash in between leaves no half of a queue.
    const aside = join(directory, `dropped.${lock.token}`);
    await rename(found.path, aside);
    await rm(aside, { recursive: true });
    return `${countOf(left.length, 'request')} of ${exporter} dropped\n`;
  } finally {
    await lock.release();
  }
}
