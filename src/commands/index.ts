// Which command a command line means, and its help.
import { nearest } from '../config/nearest.js';
import { UsageError } from '../terminal/io.js';
import { VERSION } from '../version.js';
import type { ServeIo } from './serve.js';

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ run(argv: readonly string[], io: ServeIo): Promise<number> }>;
}

/** Modules are loaded when they are wanted: `--version` should not compile a kernel. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  validate: { summary: 'check a configuration and list everything that is wrong', load: () => import('./validate.js') },
  'print-config': {
    summary: 'show it with defaults filled in (--mode unredacted, --format json)',
    load: () => import('./print-config.js'),
  },
  demo: { summary: 'a simulated shop with faults to find (demo --help)', load: () => import('../demo/index.js') },
  replay: { summary: 'score recorded data on event time (replay --help)', load: () => import('../replay/index.js') },
  init: { summary: 'write a configuration to begin with (init --help)', load: () => import('./init/index.js') },
  doctor: { summary: 'which hop of a running gateway fails (doctor --help)', load: () => import('./doctor/index.js') },
  inject: { summary: 'a test event, to prove the way to the pager', load: () => import('./inject/index.js') },
  events: { summary: 'events of a file as readable lines (events --help)', load: () => import('./events/index.js') },
  state: { summary: 'list and forget what the detectors know (state --help)', load: () => import('./state/index.js') },
  queue: { summary: 'list and drop what waits on disk (queue --help)', load: () => import('./queue/index.js') },
  components: { summary: 'list what a configuration can hold', load: () => import('./components.js') },
};

const HELP = `pxanomaly ${VERSION}: finds operational anomalies in service-to-service traffic

usage: pxanomaly --config FILE…            run a configuration
       pxanomaly COMMAND [options]

commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join('\n')}

options:
  --config FILE   a configuration; several are merged, later ones win (also env:NAME, yaml:TEXT)
  --set KEY=VALUE sets one value, as in --set receivers.otlp.protocols.grpc.endpoint=localhost:0
  --version       print the version
  --help          print this

signals: SIGTERM and SIGINT end it after draining, a second one at once; SIGHUP reads the configuration again.
`;

/**
 * Runs what the command line says; resolves with the exit code. Throws a `UsageError` where it says nothing that
 * exists.
 */
export async function dispatch(argv: readonly string[], io: ServeIo): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    (first === undefined ? io.stderr : io.stdout).write(HELP);
    return first === undefined ? 2 : 0;
  }
  if (first === '--version' || first === '-v') {
    io.stdout.write(`pxanomaly ${VERSION}\n`);
    return 0;
  }
  if (first.startsWith('-')) return (await import('./serve.js')).run(argv, io);
  const command = COMMANDS[first];
  if (command) return (await command.load()).run(rest, io);
  const near = nearest(first, Object.keys(COMMANDS));
  throw new UsageError(`there is no command "${first}"${near ? `; did you mean "${near}"?` : ''}`);
}
