// The program: argv and signals in, exit code out. The only file that ends the process.
import { dispatch } from './commands/index.js';
import type { ServeIo } from './commands/serve.js';
import { ConfigError } from './config/problem.js';
import { processIo, UsageError } from './terminal/io.js';

const wanted = new AbortController();

function onEnd(signal: NodeJS.Signals, code: number): void {
  process.on(signal, () => {
    if (wanted.signal.aborted) process.exit(code);
    wanted.abort(new Error(signal));
  });
}
onEnd('SIGINT', 130);
onEnd('SIGTERM', 143);

// Whoever read the output is gone (EPIPE). Without a listener that error is a crash, which is logged, which fails
// again, for ever; with it a gateway goes on without a log, and ends when it is told to.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const io: ServeIo = {
  ...processIo(wanted.signal),
  onReload: (listener) => void process.on('SIGHUP', listener),
  onCrash: (listener) => void process.on('uncaughtException', listener),
};

/** What a user needs to see of an error: its message; a stack only where nobody expected it. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nSee pxanomaly --help.`;
  if (error instanceof ConfigError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return process.env.PXANOMALY_DEBUG && error instanceof Error ? `${error.stack}` : message;
}

async function main(): Promise<number> {
  try {
    return await dispatch(process.argv.slice(2), io);
  } catch (error) {
    process.stderr.write(`pxanomaly: ${explain(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exit(await main());
