// Starts a Collector or a pxanomaly with an OTLP receiver on ports of its own. Both read the same configuration
// language.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type Running, start } from './processes.js';
import { peer, REPOSITORY } from './programs.js';

type Section = Readonly<Record<string, unknown>>;

/** A configuration without what every service of a test has: the OTLP receiver, health check and own telemetry. */
export interface Setup {
  /** Beside the one on `grpcPort` and `httpPort`. */
  readonly receivers?: Section;
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
  /** Its configuration file. */
  readonly config: string;
}

export interface ServiceOptions {
  /** Where its configuration and files go. */
  readonly folder?: string;
  /** A command that runs the program's, such as `taskset -c 0`. */
  readonly prefix?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A folder for the files of one test. */
export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pxanomaly-peers-'));
}

/** Starts the Collector that scripts/peers/collector.sh builds. */
export function startCollector(setup: Setup, options: ServiceOptions = {}): Promise<OtlpService> {
  const telemetry = (): Section => ({ metrics: { level: 'none' }, logs: { level: 'warn' } });
  return startService([peer('collector.sh')], setup, telemetry, options);
}

/** Starts this repository's gateway. */
export function startGateway(setup: Setup, options: ServiceOptions = {}): Promise<OtlpService> {
  const telemetry = (port: number): Section => ({
    metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port } } } }] },
  });
  return startService([process.execPath, join(REPOSITORY, 'bin/pxanomaly')], setup, telemetry, options);
}

async function startService(
  program: readonly string[],
  setup: Setup,
  telemetry: (port: number) => Section,
  options: ServiceOptions,
): Promise<OtlpService> {
  const [grpcPort, httpPort, healthPort, telemetryPort] = (await freePorts(4)) as [number, number, number, number];
  const folder = options.folder ?? newFolder();
  const health = `127.0.0.1:${healthPort}`;
  const { pipelines, extensions, ...rest } = setup;
  const config = {
    ...rest,
    receivers: { otlp: { protocols: otlpProtocols(grpcPort, httpPort) }, ...setup.receivers },
    extensions: { health_check: { endpoint: health }, ...extensions },
    service: {
      extensions: ['health_check', ...Object.keys(extensions ?? {})],
      telemetry: telemetry(telemetryPort),
      pipelines,
    },
  };
  const file = join(folder, `config-${grpcPort}.yaml`);
  writeFileSync(file, JSON.stringify(config, null, 2));
  const [command = '', ...args] = [...(options.prefix ?? []), ...program, '--config', file];
  const running = await start(command, args, {
    env: options.env ?? {},
    ready: async () => (await fetch(`http://${health}`)).ok,
  });
  return { ...running, grpcPort, httpPort, telemetryPort, folder, config: file };
}

function otlpProtocols(grpcPort: number, httpPort: number): Section {
  return {
    grpc: { endpoint: `127.0.0.1:${grpcPort}`, max_recv_msg_size_mib: 64 },
    http: { endpoint: `127.0.0.1:${httpPort}`, max_request_body_size: 64 << 20 },
  };
}
