// The command `pxanomaly doctor`: follows a request through a running gateway and says which hop fails and what to do.
import { COMPONENTS } from '../../components.js';
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import type { GatewayConfig } from '../../config/gateway-config.js';
import { loadConfig, requireConfig } from '../../config/load.js';
import { countOf } from '../../terminal/format.js';
import type { CommandIo } from '../../terminal/io.js';
import { parseCommandOptions } from '../arguments.js';
import { TELEMETRY_ADDRESS, telemetryAddress } from '../live-arguments.js';
import { type Check, fail, ok } from './check.js';
import { BrokenHop } from './connect.js';
import { checkExporter, checkLeaving, checkNextHop, sendingExporters } from './exporters.js';
import { readSamples, readStatus, type Samples } from './own-telemetry.js';
import { type Plan, planOf } from './plan.js';
import { type Diagnosis, printDiagnosis } from './print.js';
import { checkReceiver } from './receivers.js';
import { checkReport, reportsOf } from './senders.js';

export const USAGE: string = `Usage: pxanomaly doctor [options]

Follows a request through a running gateway, hop by hop, and says which one fails and what to do. Sends an empty request and one
test point (px.anomaly.doctor, attribute anomaly.test) to each receiver; the point is forwarded like any other, and never learnt.

  --endpoint HOST:PORT  own telemetry of the gateway (service.telemetry.metrics); default ${TELEMETRY_ADDRESS}
  --config FILE         its configuration: for that address, and for TLS, tokens and paths; repeatable, as is --set KEY=VALUE
  --token TEXT          token of the receivers, where no configuration is given
  --json                one JSON document in place of text
  --help                this text

Exit code: 0 when nothing failed, 1 when a hop fails. In Kubernetes: kubectl exec deploy/pxanomaly -- node /app/bin/pxanomaly doctor, or
kubectl port-forward deploy/pxanomaly 8888 4317 4318, then pxanomaly doctor.
`;

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCommandOptions(argv, { endpoint: 'string', token: 'string', json: 'boolean', help: 'boolean' });
  if (options.own.help) {
    io.stdout.write(USAGE);
    return 0;
  }
  const config =
    options.uris.length > 0
      ? requireConfig(loadConfig(COMPONENTS, { uris: options.uris, sets: options.sets, env: io.env }))
      : undefined;
  const telemetry = telemetryAddress(options.own.endpoint as string | undefined, config);
  const diagnosis = await diagnose(telemetry, config, options.own.token as string | undefined);
  if (options.own.json) io.stdout.write(`${JSON.stringify(diagnosis, null, 2)}\n`);
  else printDiagnosis(diagnosis, io);
  return diagnosis.checks.some(({ outcome }) => outcome === 'fail') ? 1 : 0;
}

async function diagnose(
  telemetry: HostPort,
  config: GatewayConfig | undefined,
  token: string | undefined,
): Promise<Diagnosis> {
  const hop = 'own telemetry';
  try {
    const status = await readStatus(telemetry);
    const first = ok(
      hop,
      `${formatHostPort(telemetry)}: pxanomaly ${status.version}, ${countOf(status.pipelines.length, 'pipeline')}`,
    );
    const plan = planOf({ status, host: telemetry.host, config, token });
    const before = await readSamples(telemetry);
    const wayIn = [...(await checkHealth(plan)), ...(await all(plan.receivers, checkReceiver))];
    const wayOut = await checkWayOut(telemetry, before, plan, wayIn);
    // Read again: what the test point did to queues and senders belongs to it.
    const reports = reportsOf(await readStatus(telemetry));
    return {
      checks: [first, ...wayIn, ...wayOut, ...reports.flatMap(checkReport)],
      senders: reports.flatMap(([, { senders }]) => senders),
    };
  } catch (error) {
    if (!(error instanceof BrokenHop)) throw error;
    return { checks: [fail(hop, error.message, error.advice)], senders: [] };
  }
}

async function all<T>(items: readonly T[], check: (item: T) => Promise<Check | Check[]>): Promise<Check[]> {
  return (await Promise.all(items.map(check))).flat();
}

function checkHealth(plan: Plan): Promise<Check[]> {
  return all(plan.health, async ({ id, at, path }) => {
    try {
      const response = await fetch(`http://${formatHostPort(at)}${path}`, { signal: AbortSignal.timeout(5_000) });
      await response.arrayBuffer();
      if (response.ok) return ok(`extension ${id}`, `${formatHostPort(at)} says that every pipeline runs`);
      return fail(`extension ${id}`, `answers HTTP ${response.status}`, 'the gateway is starting or going down');
    } catch {
      return fail(
        `extension ${id}`,
        `${formatHostPort(at)} cannot be reached from here`,
        'in Kubernetes forward this port, too, or run the doctor in the pod',
      );
    }
  });
}

async function checkWayOut(
  telemetry: HostPort,
  before: Samples,
  plan: Plan,
  wayIn: readonly Check[],
): Promise<Check[]> {
  const sent = wayIn.some(({ found }) => found.includes('test point') && found.includes('taken'));
  const hops = await all(plan.nextHops, checkNextHop);
  const exporters = sendingExporters(await readStatus(telemetry), 'metrics');
  const leaving = sent
    ? await checkLeaving({ telemetry, before, exporters, signal: 'metric_points', what: 'the test point' })
    : [];
  const [status, samples] = [await readStatus(telemetry), await readSamples(telemetry)];
  const queues = status.components
    .filter(({ kind, targets }) => kind === 'exporter' && targets.length > 0)
    .map((component) => checkExporter(component, samples, status.nowMs));
  return [...hops, ...queues, ...leaving];
}
