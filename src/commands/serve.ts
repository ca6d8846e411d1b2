// The command without a name: runs a configuration until somebody wants an end, and reloads it on request.
import { COMPONENTS } from '../components.js';
import { type ConfigSources, loadConfig } from '../config/load.js';
import { formatProblem } from '../config/problem.js';
import type { AnyFactory } from '../config/settings.js';
import { logWarnings, serviceFrom } from '../service/gateway.js';
import type { Service } from '../service/service.js';
import type { CommandIo } from '../terminal/io.js';
import { parseConfigArguments } from './arguments.js';

/** What a process can be told from outside while it serves. */
export interface ServeIo extends CommandIo {
  /** SIGHUP. */
  onReload(listener: () => void): void;
  /** Errors that nobody caught. */
  onCrash(listener: (error: unknown) => void): void;
}

/** Reads the configuration again; one that is not valid changes nothing. */
async function reload(service: Service, sources: ConfigSources, components: readonly AnyFactory[]): Promise<void> {
  const { log } = service.telemetry;
  const { config, problems } = loadConfig(components, sources);
  logWarnings(log, problems);
  if (!config) {
    const wrong = problems.filter((problem) => problem.severity === 'error').map(formatProblem);
    log.error({ problems: wrong }, 'the configuration was changed, but is not valid; the one before goes on');
    return;
  }
  // The service says what happened; what matters here is only whether it still runs.
  await service.reload(config).catch(() => {});
}

/** Resolves with the exit code: 0 after a clean end; 1 when something could not start, stop in time, or crashed. */
export async function serve(sources: ConfigSources, io: ServeIo, components: readonly AnyFactory[]): Promise<number> {
  const service = serviceFrom(sources, components, { env: io.env });
  const { log } = service.telemetry;
  let crashed = false;
  const ended = new Promise<void>((resolve) => {
    if (io.signal?.aborted) resolve();
    io.signal?.addEventListener('abort', () => resolve());
    io.onCrash((error) => {
      log.fatal({ err: error }, 'unexpected error; shutting down');
      crashed = true;
      resolve();
    });
    io.onReload(async () => {
      await reload(service, sources, components);
      if (!service.running) resolve();
    });
  });
  await service.start();
  await ended;
  const wasRunning = service.running;
  const leftovers = await service.shutdown();
  return crashed || !wasRunning || leftovers.length > 0 ? 1 : 0;
}

export async function run(argv: readonly string[], io: ServeIo): Promise<number> {
  const { sources } = parseConfigArguments(argv, {}, io.env);
  return serve(sources, io, COMPONENTS);
}
