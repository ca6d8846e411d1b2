// One measurement: a receiver pinned to core 0, load generator and sink to core 1, event time stepping so that every
// row is a window to be scored. CPU is what /proc says of the receiver between two moments in which nothing is under
// way.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { newFolder, type OtlpService, startCollector, startGateway } from '../../test/support/peers/otlp-services.js';
import { eventually, freePorts, type Running, start } from '../../test/support/peers/processes.js';
import { peer } from '../../test/support/peers/programs.js';
import { type Contender, type Path, type Ports, setupOf } from './contenders.js';
import { busySeconds, cpuSeconds, residentMiB } from './proc.js';
import { scoredWindows } from './scored.js';
import { spikesFound } from './spikes.js';

const RECEIVER_CORE = 0;
const LOAD_CORE = 1;
const pinned = (core: number): string[] => ['taskset', '-c', String(core)];

export interface Order {
  readonly contender: Contender;
  readonly path: Path;
  /** Flags of the load generator. */
  readonly load: readonly string[];
  /** Requests a second; 0: as fast as they are acknowledged. */
  readonly rate: number;
  /** Ticks that ours is warmed up with; the peer, which has no windows, gets `duration`. */
  readonly warmTicks: number;
  /** Whether spikes are injected behind the measurement, all of which but a few must be found (ours). */
  readonly proven: boolean;
  readonly duration: string;
}

/** What the load generator prints; see bench/peers/load/loadgen. */
interface LoadReport {
  readonly requests: number;
  readonly errors: number;
  readonly first_error?: string;
  readonly elapsed_s: number;
  readonly points: number;
  readonly points_per_s: number;
  readonly request_bytes: number;
  readonly digest: string;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly next_start: number;
}

interface Counts {
  readonly requests: number;
  readonly points: number;
  readonly digest: string;
}

interface SinkStats {
  readonly forwarded: Counts;
  readonly made: Counts;
}

export interface Measurement {
  /** CPU microseconds a data point (= CPU seconds a million). */
  readonly cpuMicros: number;
  readonly cpuSeconds: number;
  readonly points: number;
  readonly pointsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly bytesPerPoint: number;
  readonly residentPeakMiB: number;
  readonly residentEndMiB: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Edge windows scored meanwhile (ours). */
  readonly scored: number;
  /** Latency spikes injected behind the measurement, and how many of them were found (ours). */
  readonly spikes: { readonly injected: number; readonly found: number };
  /** Requests that the receiver made itself: anomaly metrics and events. */
  readonly made: number;
  /** Seconds of the receiver's core that went to anything else. */
  readonly othersSeconds: number;
}

/**
 * Measures once. Rejects when a point was not acknowledged, not forwarded, changed on the way, or (ours) not scored.
 */
export async function measure(order: Order): Promise<Measurement> {
  const [sinkGrpc = 0, sinkHttp = 0] = await freePorts(2);
  const sink = await startSink({ sinkGrpc, sinkHttp });
  const folder = newFolder();
  const receiver = await startReceiver(order, { sinkGrpc, sinkHttp }, folder);
  try {
    const warm = await sendLoad(order, receiver, warmUp(order));
    await settled(sinkHttp);
    await fetch(`http://127.0.0.1:${sinkHttp}/reset`, { method: 'POST' });
    const before = await snapshot(order, receiver);
    const rest = [`--duration=${order.duration}`, `--rate=${order.rate}`, `--start=${warm.next_start}`];
    const load = await sendLoad(order, receiver, rest);
    const stats = await settled(sinkHttp);
    const after = await snapshot(order, receiver);
    const cpu = after.cpu - before.cpu;
    const scored = after.scored - before.scored;
    verify(order, load, stats, scored);
    const result = {
      cpuMicros: (cpu / load.points) * 1e6,
      cpuSeconds: cpu,
      points: load.points,
      pointsPerSecond: load.points_per_s,
      requestsPerSecond: load.requests / load.elapsed_s,
      bytesPerPoint: (load.request_bytes * load.requests) / load.points,
      residentPeakMiB: residentMiB(receiver.pid, 'VmHWM'),
      residentEndMiB: residentMiB(receiver.pid, 'VmRSS'),
      p50Ms: load.p50_ms,
      p99Ms: load.p99_ms,
      scored,
      made: stats.made.requests,
      othersSeconds: after.busy - before.busy - cpu,
    };
    return { ...result, spikes: await prove(order, receiver, load.next_start, folder, sinkHttp) };
  } finally {
    await receiver.stop();
    await sink.stop();
  }
}

function startSink({ sinkGrpc, sinkHttp }: Ports): Promise<Running> {
  const args = [`--grpc=127.0.0.1:${sinkGrpc}`, `--http=127.0.0.1:${sinkHttp}`];
  const [command = '', ...pin] = pinned(LOAD_CORE);
  return start(command, [...pin, join(peer('load.sh'), 'sink'), ...args], {
    ready: async () => (await fetch(`http://127.0.0.1:${sinkHttp}/stats`)).ok,
  });
}

function startReceiver(order: Order, ports: Ports, folder: string): Promise<OtlpService> {
  const run = order.contender === 'pxanomaly' ? startGateway : startCollector;
  return run(setupOf(order.contender, order.path, ports, join(folder, EVENTS)), {
    folder,
    prefix: pinned(RECEIVER_CORE),
    env: { GOMAXPROCS: '1', NODE_ENV: 'production' },
  });
}

/** The number that a flag of the load generator gives, or its default. */
function flag({ load }: Order, name: string, byDefault: number): number {
  const given = load.find((one) => one.startsWith(`--${name}=`));
  return given ? Number(given.split('=')[1]) : byDefault;
}

function warmUp(order: Order): string[] {
  if (order.contender !== 'pxanomaly') return [`--duration=${order.duration}`];
  const requests = Math.ceil((order.warmTicks * flag(order, 'series', 4000)) / flag(order, 'rows', 1000));
  return [`--requests=${requests}`];
}

/**
 * Sends some more ticks with spikes of ten times the latency in them. Rejects when fewer than `FOUND_SHARE` of them
 * were reported.
 */
async function prove(
  order: Order,
  receiver: OtlpService,
  start: number,
  folder: string,
  sinkHttp: number,
): Promise<Measurement['spikes']> {
  if (order.contender !== 'pxanomaly' || !order.proven) return { injected: 0, found: 0 };
  const series = flag(order, 'series', 4000);
  const requests = Math.ceil((PROOF_TICKS * series) / flag(order, 'rows', 1000));
  const truth = join(folder, 'spikes.jsonl');
  const count = Math.min(SPIKES, Math.ceil(series / 2));
  const spikes = [
    `--spikes=${count}`,
    '--spikes-after-tick=2',
    `--spike-ticks=${SPIKE_TICKS}`,
    `--spike-factor=${SPIKE_FACTOR}`,
    `--truth=${truth}`,
  ];
  const proof = await sendLoad(order, receiver, [`--requests=${requests}`, `--start=${start}`, ...spikes]);
  // One more tick closes the last.
  await sendLoad(order, receiver, [`--requests=${Math.ceil(requests / PROOF_TICKS)}`, `--start=${proof.next_start}`]);
  await settled(sinkHttp);
  const seen = (): Measurement['spikes'] => spikesFound(truth, join(folder, EVENTS));
  const areEnough = ({ injected, found }: Measurement['spikes']): boolean =>
    injected > 0 && found >= injected * FOUND_SHARE;
  // Learning may be behind what was forwarded, and the file behind learning. How many there were is said below.
  await eventually(() => areEnough(seen()), PROOF_WITHIN_MS).catch(() => {});
  const spikesSeen = seen();
  if (!areEnough(spikesSeen)) {
    const { injected, found } = spikesSeen;
    throw new Error(`pxanomaly ${order.load.join(' ')}: ${found} of ${injected} spikes were found`);
  }
  return spikesSeen;
}

async function sendLoad(order: Order, receiver: OtlpService, more: readonly string[]): Promise<LoadReport> {
  const over =
    order.path.transport === 'http' ? `http://127.0.0.1:${receiver.httpPort}` : `127.0.0.1:${receiver.grpcPort}`;
  const flags = [`--addr=${over}`, ...order.load, ...more];
  const [command = '', ...pin] = pinned(LOAD_CORE);
  const { stdout } = await promisify(execFile)(command, [...pin, join(peer('load.sh'), 'loadgen'), ...flags]);
  return JSON.parse(stdout) as LoadReport;
}

async function sinkStats(port: number): Promise<SinkStats> {
  return (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as SinkStats;
}

/** The sink's counts once nothing has arrived for half a second: queues are empty then. */
async function settled(port: number): Promise<SinkStats> {
  let last = await sinkStats(port);
  for (;;) {
    await sleep(500);
    const now = await sinkStats(port);
    if (now.forwarded.requests === last.forwarded.requests && now.made.requests === last.made.requests) return now;
    last = now;
  }
}

async function snapshot(order: Order, receiver: OtlpService): Promise<{ cpu: number; busy: number; scored: number }> {
  const scored = order.contender === 'pxanomaly' ? await scoredWindows(receiver.telemetryPort) : 0;
  return { cpu: cpuSeconds(receiver.pid), busy: busySeconds(RECEIVER_CORE), scored };
}

function verify(order: Order, load: LoadReport, { forwarded }: SinkStats, scored: number): void {
  const fail = (what: string): never => {
    throw new Error(`${order.contender} ${order.load.join(' ')}: ${what}`);
  };
  if (load.errors > 0) fail(`${load.errors} requests were refused: ${load.first_error}`);
  if (forwarded.points !== load.points) fail(`${forwarded.points} of ${load.points} points were forwarded`);
  if (order.contender !== 'pxanomaly') return;
  if (forwarded.digest !== load.digest) fail('what was forwarded is not what was sent');
  // The last tick stays open until the next begins.
  const windows = load.points / POINTS_A_WINDOW - order.path.edges;
  if (scored < windows * SCORED_SHARE) fail(`${scored} of ${windows} windows were scored`);
}

/** Latency, requests, errors and bytes of an edge are one window. */
const POINTS_A_WINDOW = 4;
/** The rest may be of edges that are still learning. */
const SCORED_SHARE = 0.99;
const EVENTS = 'events.jsonl';
const PROOF_TICKS = 30;
const PROOF_WITHIN_MS = 15_000;
const SPIKES = 30;
/** One window alone alerts only far above the threshold. */
const SPIKE_TICKS = 3;
/** Edges of 400 windows' age, at the default threshold: at ×5, 6 sigma of their noise, six to nine of ten are found. */
const SPIKE_FACTOR = 10;
const FOUND_SHARE = 0.9;
