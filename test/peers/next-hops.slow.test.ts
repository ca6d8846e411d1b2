// Every exporter against real next hops: what arrived is what our counters call sent, nothing failed, nothing is in the
// log above info, and `doctor` and `inject` see it leave.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Check } from '../../src/commands/doctor/check.js';
import { readSamples, type Samples, sumOf } from '../../src/commands/doctor/own-telemetry.js';
import { SIGNALS, type Signal } from '../../src/pipeline/index.js';
import { fixture } from '../support/paths.js';
import { type RowSetup, startCollectorRows, startNginx } from '../support/peers/collector-rows.js';
import { type Hop, startGrpcGo, startGrpcio, startGrpcJs } from '../support/peers/grpc-hops.js';
import { itemsOf, itemsOfBytes, signalOfRequest } from '../support/peers/item-counts.js';
import { readRequests } from '../support/peers/otlp-files.js';
import { newFolder, type OtlpService, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { peer, REPOSITORY, withoutGo } from '../support/peers/programs.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import { grpcSender, httpSender } from '../support/peers/senders.js';

/** Name of a signal's items in our counters. */
const ITEMS: Readonly<Record<Signal, string>> = { metrics: 'metric_points', traces: 'spans', logs: 'log_records' };

/** What a user writes beside the endpoint. */
const VARIANTS = {
  defaults: {},
  none: { compression: 'none' },
  gzip: { compression: 'gzip' },
  tls: { tls: { ca_file: fixture('tls/ca.pem') } },
} as const;
type Variant = keyof typeof VARIANTS;
const variants = Object.keys(VARIANTS) as Variant[];

/** One exporter of the gateway. */
interface Row {
  /** Name of the row, and of the exporter. */
  readonly row: string;
  readonly variant: Variant;
  readonly protocol: 'grpc' | 'http';
  readonly encoding?: 'proto' | 'json';
  /** An nginx stands in front of the next hop. */
  readonly nginx?: boolean;
}

const rowsOf = (name: string, more: Omit<Row, 'row' | 'variant'>): Row[] =>
  variants.map((variant) => ({ row: `${name}-${variant}`, variant, ...more }));

const OVER_GRPC = { protocol: 'grpc' } as const;
/** At the Collector each row has a receiver and a file of its own. */
const COLLECTOR: readonly Row[] = [
  ...rowsOf('collector', OVER_GRPC),
  ...rowsOf('nginx', { ...OVER_GRPC, nginx: true }),
  ...(['proto', 'json'] as const).flatMap((encoding) => [
    ...rowsOf(`collector-${encoding}`, { protocol: 'http', encoding }),
    ...rowsOf(`nginx-${encoding}`, { protocol: 'http', encoding, nginx: true }),
  ]),
];
const OTHERS = { 'grpc-go': startGrpcGo, grpcio: startGrpcio, 'grpc-js': startGrpcJs } as const;
type Other = keyof typeof OTHERS;
const others = Object.keys(OTHERS) as Other[];

const idOf = ({ protocol, row }: Row): string => `otlp_${protocol}/${row}`;

function exporterOf({ row, protocol, variant, encoding }: Row, port: number): object {
  const plain = variant !== 'tls';
  const headers = { 'x-row': row };
  if (protocol === 'grpc')
    return { endpoint: `127.0.0.1:${port}`, headers, ...(plain && { tls: { insecure: true } }), ...VARIANTS[variant] };
  return { endpoint: `${plain ? 'http' : 'https'}://127.0.0.1:${port}`, headers, encoding, ...VARIANTS[variant] };
}

describe('next hops', { skip: withoutGo }, () => {
  const nginx = withoutGo ? '' : peer('nginx.sh');
  const withoutNginx = nginx === '' ? 'nginx cannot be had' : false;
  const collectorRows = COLLECTOR.filter((row) => nginx !== '' || !row.nginx);
  const folder = newFolder();
  const file = join(folder, 'file.jsonl');
  const arrived = new Map<string, (signal: Signal) => number>();
  let gateway: OtlpService;

  async function collectorExporters(): Promise<[string, object][]> {
    // nginx itself takes the TLS of its rows off.
    const setups: RowSetup[] = collectorRows.map(({ row, protocol, variant, nginx: behind }) => ({
      row,
      protocol,
      tls: variant === 'tls' && !behind,
    }));
    const collector = await startCollectorRows(setups);
    const proxied = collectorRows.filter((row) => row.nginx);
    const fronts = proxied.map(({ row, protocol, variant }) => ({
      protocol,
      tls: variant === 'tls',
      behind: collector.portOf(row),
    }));
    const ports = fronts.length > 0 ? await startNginx(nginx, fronts) : [];
    const portOf = (row: Row): number => ports[proxied.indexOf(row)] ?? collector.portOf(row.row);
    return collectorRows.map((row) => {
      arrived.set(idOf(row), (signal) => collector.arrived(row.row, signal));
      return [idOf(row), exporterOf(row, portOf(row))];
    });
  }

  async function otherExporters(): Promise<[string, object][]> {
    const hops = await Promise.all(others.map(async (name): Promise<[Other, Hop]> => [name, await OTHERS[name]()]));
    return hops.flatMap(([name, hop]) =>
      rowsOf(name, OVER_GRPC).map((row): [string, object] => {
        arrived.set(idOf(row), (signal) => hop.arrived(row.row, signal));
        return [idOf(row), exporterOf(row, row.variant === 'tls' ? hop.tlsPort : hop.port)];
      }),
    );
  }

  const inFile = (signal: Signal): number =>
    readRequests(file)
      .filter((request) => signalOfRequest(request) === signal)
      .reduce((total, request) => total + itemsOf(request), 0);

  before(async () => {
    const [fromCollector, fromOthers, ports] = await Promise.all([
      collectorExporters(),
      otherExporters(),
      freePorts(3),
    ]);
    const [page, grpc, http] = ports;
    const secure = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };
    const out = {
      ...Object.fromEntries([...fromCollector, ...fromOthers]),
      file: { path: file, flush_interval: '50ms' },
      debug: { verbosity: 'basic' },
    };
    arrived.set('file', inFile);
    const names = Object.keys(out);
    // The samples tell of no edge, and are not scored: the doctor would rightly say so.
    const scored = { receivers: ['otlp/tls'], processors: ['anomaly'] };
    gateway = await startGateway({
      receivers: {
        'otlp/tls': {
          protocols: {
            grpc: { endpoint: `127.0.0.1:${grpc}`, tls: secure },
            http: { endpoint: `127.0.0.1:${http}`, tls: secure },
          },
        },
      },
      processors: { anomaly: {} },
      connectors: { anomaly_events: {} },
      exporters: { ...out, prometheus: { endpoint: `127.0.0.1:${page}` } },
      pipelines: {
        ...Object.fromEntries(SIGNALS.map((signal) => [signal, { receivers: ['otlp'], exporters: names }])),
        'metrics/scored': { ...scored, exporters: [...names, 'prometheus', 'anomaly_events'] },
        'traces/scored': { ...scored, exporters: names },
        'logs/events': { receivers: ['anomaly_events'], exporters: names },
      },
    });
    for (const sender of [grpcSender(gateway.grpcPort, { gzip: true }), httpSender(gateway.httpPort)]) {
      for (const signal of SIGNALS) await sender.send(signal, SAMPLES[signal]);
      sender.close();
    }
  });
  after(endAll);

  const samples = (): Promise<Samples> => readSamples({ host: '127.0.0.1', port: gateway.telemetryPort });
  const counter = (all: Samples, what: string, exporter: string, signal: Signal): number =>
    sumOf(all, `otelcol_exporter_${what}_${ITEMS[signal]}`, { exporter });

  /** Counters and arrivals of an exporter agree, for every signal, and nothing was lost. */
  async function settled(exporter: string): Promise<void> {
    const row = async () => {
      const now = await samples();
      return SIGNALS.map((signal) => ({
        signal,
        sent: counter(now, 'sent', exporter, signal),
        arrived: arrived.get(exporter)?.(signal),
        failed: counter(now, 'send_failed', exporter, signal) + counter(now, 'enqueue_failed', exporter, signal),
        dropped: sumOf(now, 'pxanomaly_exporter_dropped_items', { exporter, signal }),
      }));
    };
    const wanted = (signal: Signal): number => 2 * itemsOfBytes(signal, SAMPLES[signal]);
    await eventually(
      async () =>
        (await row()).every(({ signal, ...each }) => {
          return each.failed > 0 || (each.arrived === each.sent && each.sent >= wanted(signal));
        }),
      10_000,
    ).catch(() => {});
    for (const { signal, sent, arrived: there, failed, dropped } of await row()) {
      assert.equal(failed, 0, `${exporter}: ${signal} that failed`);
      assert.equal(dropped, 0, `${exporter}: ${signal} that were dropped`);
      assert.equal(sent, there, `${exporter}: ${signal} sent and arrived`);
      assert.ok(sent >= wanted(signal), `${exporter}: all ${signal} are sent`);
    }
  }

  const rows: readonly Row[] = [...COLLECTOR, ...others.flatMap((name) => rowsOf(name, OVER_GRPC))];
  for (const row of rows)
    it(`${idOf(row)}: what arrived is what is called sent`, { skip: row.nginx ? withoutNginx : false }, () => {
      return settled(idOf(row));
    });

  it('file: what is written is what is called sent', () => settled('file'));

  it('doctor finds every hop sound: receivers plain and with TLS, every exporter', async () => {
    const { checks } = JSON.parse(await program('doctor', '--json', '--config', gateway.config));
    // That no edge is known yet is true, and not what this is about.
    const wrong = checks.filter(({ hop, outcome }: Check) => outcome !== 'ok' && hop !== 'processor anomaly');
    assert.deepEqual(wrong, []);
    const hops: string[] = checks.map(({ hop }: Check) => hop);
    for (const hop of ['receiver otlp (grpc)', 'receiver otlp/tls (grpc)', 'receiver otlp/tls (http)'])
      assert.ok(hops.includes(hop), hop);
    for (const exporter of arrived.keys())
      if (exporter !== 'file') assert.ok(hops.includes(`through ${exporter}`), exporter);
  });

  it('inject sees its event leave through every exporter', async () => {
    const edge = ['--edge', 'shop/a -> shop/b', '--kind', 'latency_spike'];
    const text = await program('inject', ...edge, '--config', gateway.config);
    for (const exporter of arrived.keys())
      if (exporter !== 'file') assert.match(text, new RegExp(`ok +through ${exporter}: the event left`));
  });

  it('debug and prometheus: what they show is called sent, nothing failed', async () => {
    const now = await samples();
    for (const exporter of ['debug', 'prometheus'])
      for (const signal of SIGNALS.filter((one) => exporter === 'debug' || one === 'metrics')) {
        assert.equal(counter(now, 'send_failed', exporter, signal), 0);
        assert.ok(counter(now, 'sent', exporter, signal) > 0, `${exporter}, ${signal}`);
      }
  });

  it('and still everything that arrived is what is called sent, and the log has nothing above info', async () => {
    for (const exporter of arrived.keys()) await settled(exporter);
    const lines = gateway.output().split('\n');
    assert.ok(lines.some((line) => / info +/.test(line)));
    assert.deepEqual(
      lines.filter((line) => / (warn|error|fatal) +/.test(line) && !line.includes('A test event was injected')),
      [],
    );
  });
});

async function program(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(REPOSITORY, 'bin/pxanomaly'), ...args]);
  return stdout;
}
