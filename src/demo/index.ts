// The command `pxanomaly demo`: a gateway, a simulated shop that it watches, and faults to find.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnomalyEvent } from '../detection/results/read-events.js';
import type { Gateway } from '../index.js';
import { FAULTS, type Fault } from '../simulation/faults.js';
import { EDGES, SERVICES } from '../simulation/shop.js';
import { painter } from '../terminal/colour.js';
import { countOf, formatSeconds } from '../terminal/format.js';
import { type CommandIo, UsageError } from '../terminal/io.js';
import { INSTALLED } from '../terminal/program.js';
import { Progress } from '../terminal/progress.js';
import { VERSION } from '../version.js';
import { DemoAccount } from './account.js';
import { demoGateway, learnNewEdgesFor, windowsClosed, writableFile } from './gateway.js';
import { DemoLines } from './lines.js';
import { type DemoOptions, parseDemoOptions, USAGE } from './options.js';
import { choosePorts, describeChanges, HOST, type Ports, USUAL_PORTS } from './ports.js';
import { DemoSender, WINDOW_SECONDS } from './sender.js';

/** Runs the command; the exit code. `usual`: ports to try first. */
export async function run(argv: readonly string[], io: CommandIo, usual: Ports = USUAL_PORTS): Promise<number> {
  const options = readOptions(argv, io);
  if (typeof options === 'number') return options;
  const ports = await choosePorts(usual);
  const file = await writableFile(options.file);
  const demo = new Demo(options, io);
  const gateway = demoGateway(ports, file, options.historyMs, (event) => demo.take(event));
  await gateway.start();
  try {
    demo.say(...banner({ ports, usual, file, program: io.program }, options));
    await demo.play(gateway, `${HOST}:${ports.grpc}`);
  } catch (error) {
    if (!io.signal?.aborted) throw error;
  } finally {
    await gateway.shutdown();
    demo.end();
  }
  return 0;
}

function readOptions(argv: readonly string[], io: CommandIo): DemoOptions | number {
  try {
    const options = parseDemoOptions(argv, FAULTS.length);
    if (options !== 'help') return options;
    io.stdout.write(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr.write(`demo: ${error.message}\nSee pxanomaly demo --help.\n`);
    return 2;
  }
}

function banner(
  {
    ports,
    usual,
    file,
    program = INSTALLED,
  }: { ports: Ports; usual: Ports; file: string; program?: string | undefined },
  { historyMs }: DemoOptions,
): string[] {
  const metrics = `http://${HOST}:${ports.prometheus}/metrics`;
  return [
    `pxanomaly ${VERSION}: a simulated shop of ${SERVICES.length} services and ${EDGES.length} edges, sent as Pixie sends it.`,
    ...describeChanges(ports, usual),
    '',
    `  OTLP in          ${HOST}:${ports.grpc} (gRPC), ${HOST}:${ports.http} (HTTP)`,
    `  anomalies        this terminal, and ${file} as OTLP JSON lines`,
    `  scores           ${metrics}`,
    `  own metrics      http://${HOST}:${ports.telemetry}/metrics`,
    '',
    '  Try in another terminal:',
    `    curl -s ${metrics} | grep px_anomaly`,
    `    tail -f ${file} | ${program} events`,
    `    ${program} doctor --endpoint ${HOST}:${ports.telemetry}`,
    '',
    `First ${formatSeconds(historyMs / 1000)} of history, then live traffic, and a fault whenever the incident of the one before is over:`,
    'every six minutes or so (--speed 10 is quicker). Ctrl-C ends it.',
    `Edges can be unexpected after ${formatSeconds(learnNewEdgesFor(historyMs) / 1000)} here, after 24 h at the defaults; all else is as shipped.`,
    '',
  ];
}

/**
 * Window of live traffic that the first fault begins with, and windows of quiet between faults: at least, and where
 * incidents stay open at most.
 */
const FIRST_FAULT = 2;
const QUIET = 9;
const LONGEST_QUIET = 90;
/** Windows after the last fault, to see it resolved. */
const LAST_QUIET = 6;
/** Nothing more to learn when nothing was learnt for so long. */
const SETTLE_MS = 3_000;
const POLL_MS = 50;

class Demo {
  private readonly options: DemoOptions;
  private readonly io: CommandIo;
  private readonly lines: DemoLines;
  private readonly account = new DemoAccount();
  /** Event time at which live traffic begins, Unix seconds; undefined: history is being loaded. */
  private liveFrom: number | undefined;
  private liveSince = 0;
  private inHistory = 0;

  constructor(options: DemoOptions, io: CommandIo) {
    this.options = options;
    this.io = io;
    this.lines = new DemoLines(painter(io.stdout, io.env));
  }

  say(...lines: readonly string[]): void {
    this.io.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Loads the history, then plays live traffic until the faults are through or somebody wants an end. */
  async play(gateway: Gateway, address: string): Promise<void> {
    const sender = new DemoSender(address, this.options.seed);
    const end = await this.loadHistory(gateway, sender);
    this.liveFrom = end;
    this.liveSince = performance.now();
    await this.live(sender, end);
  }

  private async loadHistory(gateway: Gateway, sender: DemoSender): Promise<number> {
    const { signal } = this.io;
    const windows = Math.round(this.options.historyMs / 1000 / WINDOW_SECONDS);
    const progress = new Progress(this.io.stderr, 'history');
    const began = performance.now();
    let end = Math.floor(Date.now() / 1000);
    try {
      await sender.sendHistory(
        end,
        windows,
        (sent) => progress.update(sent / windows, `${sent} of ${windows} windows`),
        signal,
      );
      await learnt(gateway, windows - 1, signal);
      // What went by meanwhile belongs to the history as well.
      for (; end + WINDOW_SECONDS <= Date.now() / 1000; end += WINDOW_SECONDS)
        await sender.send(end + WINDOW_SECONDS, []);
    } finally {
      progress.end();
    }
    const took = formatSeconds((performance.now() - began) / 1000);
    const alarms = this.inHistory === 0 ? 'no false alarm' : countOf(this.inHistory, 'false alarm');
    this.say(`${windows} windows of history loaded in ${took}, with ${alarms}. Live from now on.`, '');
    return end;
  }

  private async live(sender: DemoSender, from: number): Promise<void> {
    const { faults = Number.POSITIVE_INFINITY, speed } = this.options;
    let turn = 0;
    let active: Fault | undefined;
    let next = FIRST_FAULT;
    for (let i = 1; ; i++) {
      const now = from + (i - 1) * WINDOW_SECONDS;
      if (active && i === next) {
        const injection = this.account.end(now);
        if (injection) this.say(this.lines.faultEnds(now, injection));
        active = undefined;
        next = i + (turn < faults ? QUIET : LAST_QUIET);
      } else if (!active && i >= next && this.mayGoOn(i - next)) {
        if (turn >= faults) return;
        active = FAULTS[turn++ % FAULTS.length] as Fault;
        this.account.begin(active, now);
        this.say(this.lines.faultBegins(now, active));
        next = i + active.windows;
      }
      await this.until(i, speed);
      await sender.send(from + i * WINDOW_SECONDS, active ? [active] : []);
    }
  }

  /** A fault next to an open incident would be an update of that incident, and page nobody. */
  private mayGoOn(waited: number): boolean {
    return this.account.incidentsOpen === 0 || waited >= LONGEST_QUIET - QUIET;
  }

  /** Waits for the end of the i-th live window. */
  private async until(i: number, speed: number): Promise<void> {
    const due = this.liveSince + (i * WINDOW_SECONDS * 1000) / speed;
    await sleep(Math.max(0, due - performance.now()), undefined, this.io.signal ? { signal: this.io.signal } : {});
  }

  /** Event time now: as fast as the demo plays. */
  private now(): number {
    return (this.liveFrom ?? 0) + ((performance.now() - this.liveSince) / 1000) * this.options.speed;
  }

  /** Takes an event of the gateway. */
  take(event: AnomalyEvent): void {
    const { lines, liveFrom } = this;
    const begins = event.state === 'started' || event.state === 'opened';
    if (liveFrom === undefined || event.time <= liveFrom) {
      if (begins && event.event === 'edge') this.inHistory++;
      return;
    }
    const now = this.now();
    if (event.event === 'incident') {
      this.account.incident(event);
      if (event.state !== 'updated') this.say(lines.incident(now, event));
    } else if (event.state === 'resolved') this.say(lines.resolved(now, event));
    else if (begins) {
      const verdict = this.account.judge(event, now);
      const after = verdict === 'found' ? this.account.injections.at(-1)?.foundAfter : undefined;
      this.say(lines.anomaly(now, event, verdict, after));
    }
  }

  end(): void {
    this.say(...this.lines.summary(this.account));
  }
}

/** Resolves when the windows are closed, or nothing was for a while: the gateway answers before it learns. */
async function learnt(gateway: Gateway, windows: number, signal: AbortSignal | undefined): Promise<void> {
  let last = await windowsClosed(gateway);
  let since = performance.now();
  while (last < windows && performance.now() - since < SETTLE_MS) {
    await sleep(POLL_MS, undefined, signal ? { signal } : {});
    const closed = await windowsClosed(gateway);
    if (closed > last) since = performance.now();
    last = closed;
  }
}
