// Shows what passes, for people who look.
import protobuf from 'protobufjs/minimal.js';
import type { Settings } from '../../config/settings.js';
import { type Batch, type Exporter, formatId, PermanentError, type Signal } from '../../pipeline/index.js';
import { type ExporterEvents, exporterEvents } from '../../telemetry/exporter-events.js';
import type { Config } from './config.js';
import { detailedText } from './detailed.js';
import { normalLines } from './normal.js';

type Write = (fields: object, text: string) => void;

const TITLES: Readonly<Record<Signal, string>> = { metrics: 'Metrics', traces: 'Traces', logs: 'Logs' };

/** What the Collector calls resources and items in its line of counts. */
const COUNTED: Readonly<Record<Signal, readonly [resources: string, items: string]>> = {
  metrics: ['resource metrics', 'data points'],
  traces: ['resource spans', 'spans'],
  logs: ['resource logs', 'log records'],
};

/** Tag of the resources in a request of any signal. */
const RESOURCES = 0x0a;

/** In each second the first `initial`, then each `thereafter`-th (0: none). */
export function sampler(initial: number, thereafter: number, nowMs: () => number): () => boolean {
  let second = -1;
  let seen = 0;
  return () => {
    const now = Math.floor(nowMs() / 1_000);
    if (now !== second) {
      second = now;
      seen = 0;
    }
    seen++;
    if (seen <= initial) return true;
    return thereafter > 0 && (seen - initial) % thereafter === 0;
  };
}

function counts(batch: Batch): Record<string, number> {
  const [resources, items] = COUNTED[batch.signal];
  return { [resources]: countResources(batch.body), [items]: batch.items };
}

/** Of a request of any signal, without what is in them. */
function countResources(body: Uint8Array): number {
  const reader = protobuf.Reader.create(body);
  let count = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === RESOURCES) count++;
    reader.skipType(tag & 7);
  }
  return count;
}

function countsText(fields: object): string {
  return Object.entries(fields)
    .map(([what, count]) => `${what}: ${count}`)
    .join(', ');
}

function toStdout(fields: object, text: string): void {
  const known = countsText(fields);
  process.stdout.write(`${known === '' ? text : `${text} ${known}`}\n`);
}

export class DebugExporter implements Exporter {
  /** The text is made at once. */
  readonly retainsBody: boolean = false;
  private readonly events: ExporterEvents;
  private readonly write: Write;
  private readonly sampled: () => boolean;

  constructor(
    settings: Settings,
    private readonly config: Config,
    stdout: Write = toStdout,
  ) {
    const log = settings.telemetry.log.child({ component: formatId(settings.id), kind: 'exporter' });
    this.events = exporterEvents(settings.telemetry, settings.id);
    this.write = config.use_internal_logger ? (fields, text) => log.info(fields, text) : stdout;
    this.sampled = sampler(config.sampling_initial, config.sampling_thereafter, () => performance.now());
  }

  async start(): Promise<void> {}

  async shutdown(): Promise<void> {}

  refusal(): undefined {}

  consume(batch: Batch): undefined {
    try {
      if (this.sampled()) this.show(batch);
      this.events.sent(batch);
    } catch (error) {
      this.events.failed(batch, 'permanent', error);
      throw error instanceof PermanentError ? error : new PermanentError(`malformed body: ${(error as Error).message}`);
    }
  }

  private show(batch: Batch): void {
    const { verbosity } = this.config;
    if (verbosity === 'normal') for (const line of normalLines(batch)) this.write({}, line);
    else this.write(counts(batch), TITLES[batch.signal]);
    if (verbosity === 'detailed') this.write({}, detailedText(batch));
  }
}
