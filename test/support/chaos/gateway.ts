// The real program as a child process that a test may starve, signal and kill, seen only from outside: answers, logs,
// metrics.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../paths.js';
import { atEnd } from '../peers/processes.js';

type Section = Readonly<Record<string, unknown>>;

/** What a test adds to the configuration that every gateway here has. */
export interface GatewayConfig {
  readonly processors?: Section;
  readonly connectors?: Section;
  readonly exporters: Section;
  readonly extensions?: Section;
  readonly pipelines: Section;
  /** `protocols` of the receiver; default: gRPC and HTTP on free ports. */
  readonly protocols?: Section;
}

const ANY_PORT = '127.0.0.1:0';

/** Detectors of a size that starts in no time; requests up to 8 MiB. */
export const SMALL_ANOMALY: Section = { max_edges: 1024, max_series: 8192, max_groups: 4, max_request_size_mib: 8 };

/** Both protocols on free ports. */
export function protocols(grpc: Section = {}, http: Section = {}): Section {
  return {
    grpc: { endpoint: ANY_PORT, max_recv_msg_size_mib: 8, ...grpc },
    http: { endpoint: ANY_PORT, max_request_body_size: 8 << 20, ...http },
  };
}

function whole(config: GatewayConfig): Section {
  const { pipelines, extensions, protocols: given, ...rest } = config;
  return {
    ...rest,
    receivers: { otlp: { protocols: given ?? protocols() } },
    extensions: { health_check: { endpoint: ANY_PORT }, ...extensions },
    service: {
      extensions: ['health_check', ...Object.keys(extensions ?? {})],
      telemetry: { logs: { encoding: 'json' }, metrics: { address: ANY_PORT } },
      pipelines,
    },
  };
}

/** A folder that is removed at the end. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-chaos-'));
  atEnd(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What bounds the process. */
export interface GatewayBounds {
  /** Folder of a control group that it enters. */
  readonly controlGroup?: string;
  readonly nodeOptions?: string;
}

/** `nodeOptions` with which `held` works. */
export const COLLECT_ON_SIGNAL: string = `--import=${new URL('./collect-on-signal.js', import.meta.url)}`;

type Line = Readonly<Record<string, unknown>>;
type Addresses = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class Gateway {
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown[]>;
  private readonly file: string;
  private written = '';
  private addresses: Addresses = {};

  private constructor(config: GatewayConfig, { controlGroup, nodeOptions }: GatewayBounds = {}) {
    this.file = join(scratchFolder(), 'config.yaml');
    writeFileSync(this.file, JSON.stringify(whole(config)));
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined, ...(nodeOptions && { NODE_OPTIONS: nodeOptions }) };
    const program = [process.execPath, join(ROOT, 'bin/pxanomaly'), '--config', this.file];
    // The shell enters the group, and becomes the program there.
    const entered = ['sh', '-c', 'echo $$ > "$0" && exec "$@"', `${controlGroup}/cgroup.procs`, ...program];
    const [command = '', ...args] = controlGroup ? entered : program;
    this.child = spawn(command, args, { env });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.written += chunk.toString();
    });
    this.child.stdout?.resume();
    this.ended = once(this.child, 'close');
    const kill = (): boolean => this.child.kill('SIGKILL');
    process.once('exit', kill);
    atEnd(async () => {
      process.removeListener('exit', kill);
      kill();
      await this.ended;
    });
  }

  /** Started and ready; killed by the next `endAll` where it still runs. */
  static async start(config: GatewayConfig, bounds?: GatewayBounds): Promise<Gateway> {
    const gateway = new Gateway(config, bounds);
    gateway.addresses = (await gateway.line('ready')).listening as Addresses;
    return gateway;
  }

  /** Started with a configuration with which it ends by itself. */
  static async failing(config: GatewayConfig): Promise<{ code: number | string; stderr: string }> {
    const gateway = new Gateway(config);
    return { code: await gateway.end(), stderr: gateway.stderr };
  }

  get stderr(): string {
    return this.written;
  }
  get grpcPort(): number {
    return this.port('receivers::otlp', 'grpc');
  }
  get httpPort(): number {
    return this.port('receivers::otlp', 'http');
  }
  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Port of a component's listener. */
  port(component: string, protocol = 'http'): number {
    return Number(this.addresses[component]?.[protocol]?.split(':').at(-1));
  }

  /** Log lines whose message begins so, in order. */
  lines(message: string): Line[] {
    const found = this.written.split('\n').filter((line) => line.includes(`"msg":"${message}`) && line.endsWith('}'));
    return found.map((line) => JSON.parse(line) as Line);
  }

  /** The line with this message that comes `nth`, waited for. */
  async line(message: string, nth = 0): Promise<Line> {
    for (;;) {
      const found = this.lines(message)[nth];
      if (found) return found;
      if (!this.running) throw new Error(`ended without "${message}":\n${this.written}`);
      await Promise.race([once(this.child.stderr ?? this.child, 'data'), this.ended]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Whoever reads its output is gone, as with `pxanomaly … | head`. */
  hangUp(): void {
    this.child.stderr?.destroy();
    this.child.stdout?.destroy();
  }

  /** The exit code, or the name of the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<number | string> {
    if (signal) this.signal(signal);
    const [code, by] = await this.ended;
    return (code ?? by) as number | string;
  }

  /** Writes another configuration and asks for it with SIGHUP; resolves with the line that says it was taken. */
  async reload(config: GatewayConfig): Promise<void> {
    const before = this.lines('configuration reloaded').length;
    this.change(config);
    this.addresses = (await this.line('configuration reloaded', before)).listening as Addresses;
  }

  /** The same without waiting, for configurations that it refuses. */
  change(config: GatewayConfig | string): void {
    writeFileSync(this.file, typeof config === 'string' ? config : JSON.stringify(whole(config)));
    this.signal('SIGHUP');
  }

  /** Its own metrics: the sum over the series of a name whose labels hold all of these. */
  async metric(name: string, ...labels: string[]): Promise<number> {
    const port = this.port('service::telemetry::metrics');
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const series = page.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const fit = series.filter((line) => labels.every((label) => line.includes(label)));
    return fit.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** HTTP status of the health endpoint: it is answered by the same event loop as everything else. */
  async health(): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.port('extensions::health_check')}/`)).status;
  }

  /** What it holds once all garbage is collected, bytes. Needs `nodeOptions: COLLECT_ON_SIGNAL`. */
  async held(): Promise<NodeJS.MemoryUsage> {
    const before = this.lines('garbage collected').length;
    this.signal('SIGUSR2');
    return (await this.line('garbage collected', before)) as unknown as NodeJS.MemoryUsage;
  }

  /** Resident memory, bytes. */
  rss(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }
}
