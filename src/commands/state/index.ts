// The command `pxanomaly state`: lists what the detectors know and forgets a cluster or an edge, of a running gateway
// or in its checkpoint.
import { COMPONENTS } from '../../components.js';
import { loadConfig, requireConfig } from '../../config/load.js';
import { type CommandIo, UsageError } from '../../terminal/io.js';
import { readArguments } from '../arguments.js';
import { TELEMETRY_ADDRESS, telemetryAddress } from '../live-arguments.js';
import { forgottenText, listingText } from './print.js';
import { runningGateway } from './running.js';
import type { StateSource, Wanted } from './source.js';
import { stoppedGateway } from './stopped.js';

export const USAGE: string = `Usage: pxanomaly state list [options]
       pxanomaly state forget --cluster NAME | --edge 'shop/frontend -> shop/checkout' [options]

What the detectors know: clusters with their groups (window, watermark, silent since when), senders, edges, and how much of each bound
is used. forget ends what is open of a cluster or an edge with words, frees its slots, and learns anew what comes again.

  --cluster NAME        id or name; with --edge: of several clusters that have it
  --edge EDGE           'shop/a -> shop/b', or shop/a/shop/b
  --filter GLOB         list: edges that match, as in 'shop/* -> *'
  --top N               list: so many edges, those seen in most windows first; default 20
  --dry-run             forget: says what would be forgotten, and leaves it
  --json                machine-readable
  --processor ID        where there are several anomaly processors
  --endpoint HOST:PORT  own telemetry of the gateway, which takes commands from its own host alone; default ${TELEMETRY_ADDRESS}
  --config FILE         its configuration, for that address; repeatable, as is --set KEY=VALUE
  --directory DIR       of file_storage, while the gateway is stopped: reads and rewrites the checkpoint there
  --help                this text

Exit code: 0 done; 1 no such cluster or edge, or no answer; 2 a wrong command line. In Kubernetes: kubectl port-forward
deploy/pxanomaly 8888.
`;

const OPTIONS = {
  cluster: { type: 'string' },
  edge: { type: 'string' },
  filter: { type: 'string' },
  top: { type: 'string' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  processor: { type: 'string' },
  endpoint: { type: 'string' },
  config: { type: 'string', multiple: true },
  set: { type: 'string', multiple: true },
  directory: { type: 'string' },
  help: { type: 'boolean' },
} as const;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsed(argv);
  if (values.help) {
    io.stdout.write(USAGE);
    return 0;
  }
  const [action, ...more] = positionals;
  if ((action !== 'list' && action !== 'forget') || more.length > 0)
    throw new UsageError('say state list or state forget');
  const wanted = wantedOf(action, values);
  const source = sourceOf(values, io);
  if (action === 'list') {
    const listed = await source.list(wanted);
    io.stdout.write(values.json ? json(listed) : listed.map((one) => listingText(one, wanted)).join('\n'));
    return 0;
  }
  const forgotten = await source.forget(wanted);
  io.stdout.write(values.json ? json({ ...forgotten, dry_run: wanted.isDryRun }) : forgottenText(forgotten, wanted));
  return 0;
}

function parsed(argv: readonly string[]) {
  return readArguments({ args: [...argv], allowPositionals: true, options: OPTIONS });
}

type StateArguments = ReturnType<typeof parsed>['values'];

function wantedOf(action: 'list' | 'forget', values: StateArguments): Wanted {
  const { cluster, edge, filter, processor, top: written = '20', 'dry-run': isDryRun = false } = values;
  if (action === 'list' && (edge !== undefined || isDryRun))
    throw new UsageError('--edge and --dry-run belong to state forget; state list takes --filter');
  if (action === 'forget' && (filter !== undefined || values.top !== undefined))
    throw new UsageError('--filter and --top belong to state list');
  if (action === 'forget' && cluster === undefined && edge === undefined)
    throw new UsageError('give --cluster or --edge: what is to be forgotten');
  const top = /^\d{1,6}$/.test(written) ? Number(written) : Number.NaN;
  if (!(top <= 100_000)) throw new UsageError('--top is a number up to 100000');
  return { cluster, edge, filter, top, isDryRun, processor };
}

function sourceOf(
  { directory, endpoint, config: uris = [], set: sets = [] }: StateArguments,
  io: CommandIo,
): StateSource {
  if (directory !== undefined) {
    if (endpoint !== undefined) throw new UsageError('give --directory (stopped) or --endpoint (running), not both');
    return stoppedGateway(directory);
  }
  const config = uris.length > 0 ? requireConfig(loadConfig(COMPONENTS, { uris, sets, env: io.env })) : undefined;
  return runningGateway(telemetryAddress(endpoint, config));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
