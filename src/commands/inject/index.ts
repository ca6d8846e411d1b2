// The command `pxanomaly inject`: has the running gateway send a tagged test event where real ones go, and sees it
// leave.
import { COMPONENTS } from '../../components.js';
import { parseDuration } from '../../config/duration.js';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import { loadConfig, requireConfig } from '../../config/load.js';
import type { TestOutcome } from '../../detection/results/test-events.js';
import type { StatusDocument } from '../../service/status.js';
import { painter } from '../../terminal/colour.js';
import { formatSeconds } from '../../terminal/format.js';
import { type CommandIo, UsageError } from '../../terminal/io.js';
import { parseCommandOptions } from '../arguments.js';
import { type Check, fail } from '../doctor/check.js';
import { BrokenHop } from '../doctor/connect.js';
import { checkLeaving, sendingExporters } from '../doctor/exporters.js';
import { readSamples, readStatus, type Samples } from '../doctor/own-telemetry.js';
import { TELEMETRY_ADDRESS, telemetryAddress } from '../live-arguments.js';

export const USAGE: string = `Usage: pxanomaly inject --edge 'shop/frontend -> shop/checkout' --kind latency_spike [options]

Proves the way to the pager: the running gateway sends an event that is tagged with anomaly.test and never learnt, down the same
pipelines as a real one, started and then resolved.

  --edge EDGE           'shop/a -> shop/b', or shop/a/shop/b; need not exist
  --kind KIND           latency_spike, latency_drop, throughput_spike, throughput_drop, error_rate_spike, byte_count_spike,
                        byte_count_drop, traffic_pattern, unexpected_edge
  --incident            an incident, too: what alerting rules page on
  --for DURATION        from its start to its end; default 0s. A Prometheus that scrapes each 15 s needs 1m or more
  --cluster NAME        id or name, where several clusters report
  --processor ID        where there are several anomaly processors
  --endpoint HOST:PORT  own telemetry of the gateway, which takes tests from its own host alone; default ${TELEMETRY_ADDRESS}
  --config FILE         its configuration, for that address; repeatable, as is --set KEY=VALUE
  --help                this text

Exit code: 0 when every exporter of a logs pipeline has sent it on. In Kubernetes: kubectl port-forward deploy/pxanomaly 8888.
`;

const OPTIONS = {
  edge: 'string',
  kind: 'string',
  incident: 'boolean',
  for: 'string',
  cluster: 'string',
  processor: 'string',
  endpoint: 'string',
  help: 'boolean',
} as const;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const { own, uris, sets } = parseCommandOptions(argv, OPTIONS);
  if (own.help) {
    io.stdout.write(USAGE);
    return 0;
  }
  const { edge, kind } = own;
  if (edge === undefined || kind === undefined) throw new UsageError('give --edge and --kind');
  const holdMs = parseDuration(String(own.for ?? '0s'));
  if (holdMs === undefined) throw new UsageError('--for is a duration, such as 2m');
  const config = uris.length > 0 ? requireConfig(loadConfig(COMPONENTS, { uris, sets, env: io.env })) : undefined;
  const telemetry = telemetryAddress(own.endpoint as string | undefined, config);
  const [status, before] = await look(telemetry);
  const outcome = await post(telemetry, {
    edge,
    kind,
    cluster: own.cluster,
    processor: own.processor,
    incident: own.incident ?? false,
    hold_ms: holdMs,
  });
  io.stdout.write(`${sentence(outcome, holdMs)}\n`);
  const exporters = sendingExporters(status, 'logs');
  const checks = await checkLeaving({ telemetry, before, exporters, signal: 'log_records', what: 'the event' });
  return report([...checks, ...withoutEnd(status.pipelines)], exporters.length, io);
}

/** What is there before the event. The error says what to do. */
async function look(at: HostPort): Promise<[StatusDocument, Samples]> {
  try {
    return [await readStatus(at), await readSamples(at)];
  } catch (error) {
    throw error instanceof BrokenHop ? new Error(`${error.message}; ${error.advice}`) : error;
  }
}

async function post(at: HostPort, body: object): Promise<TestOutcome> {
  const response = await fetch(`http://${formatHostPort(at)}/inject`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { injected?: TestOutcome; error?: string };
  if (!answer.injected) throw new Error(answer.error ?? `the gateway answers HTTP ${response.status}`);
  return answer.injected;
}

function sentence({ edge, kind, cluster, known, incident }: TestOutcome, holdMs: number): string {
  const of = known ? '' : ' (an edge that no data has told of)';
  const and = incident === '' ? '' : `, incident ${incident}`;
  const end = holdMs === 0 ? 'started and resolved' : `started; it resolves in ${formatSeconds(holdMs / 1000)}`;
  return `Test event: ${kind} on ${edge}${of} in cluster ${cluster}${and}: ${end}.`;
}

/** Events reach nobody where no logs pipeline takes them. */
function withoutEnd(pipelines: readonly { readonly id: string; readonly receivers: readonly string[] }[]): Check[] {
  const taken = pipelines.some(
    ({ id, receivers }) => id.split('/')[0] === 'logs' && receivers.some((one) => /^anomaly_events(\/|$)/.test(one)),
  );
  return taken
    ? []
    : [
        fail(
          'events',
          'no logs pipeline receives from the connector anomaly_events',
          'add it as exporter of the metrics pipeline and as receiver of a logs pipeline',
        ),
      ];
}

function report(checks: readonly Check[], exporters: number, io: CommandIo): number {
  const paint = painter(io.stdout, io.env);
  for (const { hop, outcome, found, advice } of checks) {
    const label = outcome === 'ok' ? paint.green('ok  ') : paint.red('FAIL');
    io.stdout.write(`${label}  ${hop}: ${found}${advice === '' ? '' : `\n      → ${advice}`}\n`);
  }
  if (exporters === 0 && checks.length === 0)
    io.stdout.write('Its logs pipelines end in this process (debug, file): look there.\n');
  return checks.some(({ outcome }) => outcome === 'fail') ? 1 : 0;
}
