// Starts a Collector or a pxanomaly with an OTLP receiver on ports of its own. Both read the same configuration language.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type Running, start } from './processes.js';
import { peer, REPOSITORY } from './programs.js';

type Section = Readonly<Record<string, unknown>>;

/** A configuration without what every service of a test has: the OTLP receiver, health check and own telemetry. */
export interface Setup {
  readonly processors?: Section;
  readonly connectors?: Section;
  readonly exporters: Section;
  readonly extensions?: Section;
  readonly pipelines: Section;
}

export interface OtlpService extends Running {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Own telemetry in Prometheus' form; only pxanomaly serves it. */
  readonly telemetryPort: number;
  /** A folder of its own, for the files that its exporters write. */
  readonly folder: string;
}

/** A folder for the files of one test. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pxanomaly-peers-'));
}

/** Starts the Collector that scripts/peers/collector.sh builds. */
export function startCollector(setup: Setup, folder: string = newFolder()): Promise<OtlpService> {
  const telemetry = (): Section => ({ metrics: { level: 'none' }, logs: { level: 'warn' } });
  return startService(peer('collector.sh'), [], setup, telemetry, folder);
}

/** Starts this repository's gateway. */
export function startGateway(setup: Setup, folder: string = newFolder()): Promise<OtlpService> {
  const telemetry = (port: number): Section => ({
    metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port } } } }] },
  });
  return startService(process.execPath, [join(REPOSITORY, 'bin/pxanomaly')], setup, telemetry, folder);
}

async function startService(
  command: string,
  args: readonly string[],
  setup: Setup,
  telemetry: (port: number) => Section,
  folder: string,
): Promise<OtlpService> {
  const [grpcPort, httpPort, healthPort, telemetryPort] = (await freePorts(4)) as [number, number, number, number];
  const at = (port: number): string => `127.0.0.1:${port}`;
  const { pipelines, extensions, ...rest } = setup;
  const config = {
    ...rest,
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: at(grpcPort), max_recv_msg_size_mib: 64 },
          http: { endpoint: at(httpPort), max_request_body_size: 64 << 20 },
        },
      },
    },
    extensions: { health_check: { endpoint: at(healthPort) }, ...extensions },
    service: {
      extensions: ['health_check', ...Object.keys(extensions ?? {})],
      telemetry: telemetry(telemetryPort),
      pipelines,
    },
  };
  const file = join(folder, `config-${grpcPort}.yaml`);
  writeFileSync(file, JSON.stringify(config, null, 2));
  const running = await start(command, [...args, '--config', file], {
    ready: async () => (await fetch(`http://${at(healthPort)}`)).ok,
  });
  return { ...running, grpcPort, httpPort, telemetryPort, folder };
}
