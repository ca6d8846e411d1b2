// Starts the programs that tests talk to, waits until they are ready and ends them again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running program. */
export interface Running {
  readonly pid: number;
  /** Everything that it wrote to stdout and stderr so far. */
  output(): string;
  /** Sends SIGTERM and waits; resolves with the exit code, null where a signal ended it. */
  stop(): Promise<number | null>;
}

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Asked again and again until it says yes; an exception means "not yet". */
  ready(): Promise<boolean>;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 15_000;
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const endings: (() => Promise<unknown>)[] = [];

/** Has `end` called by the next `endAll`. */
export function atEnd(end: () => Promise<unknown>): void {
  endings.push(end);
}

/** Ends what was started since the last call, the newest first: the one line of a suite's `after`. */
export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
}

/** Starts a program; rejects with its output when it ends or does not get ready. */
export async function start(command: string, args: readonly string[], options: StartOptions): Promise<Running> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
  children.add(child);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const running: Running = {
    pid: child.pid ?? -1,
    output: () => Buffer.concat(output).toString(),
    stop: () => end(child),
  };
  atEnd(running.stop);
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Ended(`${command} ended with ${child.exitCode}`);
      return options.ready();
    }, READY_WITHIN_MS);
  } catch (error) {
    await running.stop();
    throw new Error(`${command} ${args.join(' ')} is not ready:\n${running.output()}`, { cause: error });
  }
  return running;
}

class Ended extends Error {}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    child.kill('SIGTERM');
    await once(child, 'exit');
    clearTimeout(killer);
  }
  children.delete(child);
  return child.exitCode;
}

/** Asks until the answer is yes; rejects with the last exception, or with `what`, when the time is over. */
export async function eventually(ask: () => Promise<boolean> | boolean, withinMs = 20_000, what = 'it'): Promise<void> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await ask()) return;
      last = undefined;
    } catch (error) {
      if (error instanceof Ended) throw error;
      last = error;
    }
    await sleep(50);
  }
  throw last ?? new Error(`${what} did not happen within ${withinMs} ms`);
}

/** Ports of 127.0.0.1 that were free a moment ago, for programs that cannot be told to take any. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
