// A processor with storage, metrics and traces, and a mixed stream to cut anywhere: for tests of checkpoints.
import { opentelemetry } from '#proto';
import type { Consumer, Extension, Signal } from '../../src/pipeline/index.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import {
  type AnomalyOptions,
  type AnomalyProcessor,
  createAnomalyProcessor,
} from '../../src/processors/anomaly/processor.js';
import type { Telemetry } from '../../src/telemetry/index.js';
import { anomalyConfig, metricsRequest, pixieRow, Sink } from './anomaly.js';
import { sum } from './otlp.js';
import { testSettings } from './settings.js';
import { type Change, START, shopRequest, WINDOW } from './shop.js';

const TraceRequest = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

/** A file_storage in memory. */
export class MemoryStorage implements Extension {
  readonly files: Map<string, Uint8Array> = new Map();
  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}
  async read(name: string): Promise<Uint8Array | undefined> {
    return this.files.get(name);
  }
  async writeAtomic(name: string, ...parts: readonly Uint8Array[]): Promise<void> {
    this.files.set(name, Uint8Array.from(Buffer.concat(parts)));
  }
  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }
}

export const FILE = 'processor.anomaly.checkpoint';

export interface Send {
  readonly signal: Signal;
  readonly body: Uint8Array;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface StoredOptions extends Partial<AnomalyOptions> {
  readonly telemetry?: Telemetry;
}

/** A processor behind a metrics and a traces pipeline, with what came out of it. */
export class Stored {
  readonly sink: Sink = new Sink();
  readonly processor: AnomalyProcessor;
  private readonly stages: ReadonlyMap<Signal, Consumer>;

  constructor(storage: MemoryStorage | undefined, written: object = {}, options: StoredOptions = {}) {
    const { telemetry, ...rest } = options;
    const settings = testSettings('anomaly', {
      extension: (id) => (id === 'file_storage' ? storage : undefined),
      ...(telemetry ? { telemetry } : {}),
    });
    this.processor = createAnomalyProcessor(settings, anomalyConfig(written), { ...REPLAY, ...rest });
    this.stages = new Map(
      (['metrics', 'traces'] as const).map((signal) => [signal, this.processor.stage(signal, signal, this.sink)]),
    );
  }

  async send({ signal, body, metadata = {} }: Send): Promise<void> {
    await this.stages.get(signal)?.consume({
      signal,
      body,
      items: 0,
      origin: 'received',
      metadata: new Map(Object.entries(metadata)),
      receivedUnixNano: 0n,
    });
  }

  /** Every result, as bytes. */
  get results(): string[] {
    return this.sink.results.flatMap(({ body, events }) =>
      [body, events?.body ?? new Uint8Array()].map((bytes) => Buffer.from(bytes).toString('hex')),
    );
  }
}

/** A latency fault, an error fault that lasts, an edge with gaps. */
const TROUBLE: Change = (i, edge, w) => {
  if (edge === 2 && i >= 240 && i < 262) return { ...w, latency: w.latency! * 6 };
  if (edge === 1 && i >= 300 && i < 306) return { ...w, errors: Math.round(w.requests! * 0.4) };
  if (edge === 3 && i % 9 === 4) return undefined;
  return w;
};

/** Window from which the clock of cluster "far" is an hour ahead. */
export const JUMP = 150;

function farRequest(i: number): Uint8Array {
  const time = START + i * WINDOW + (i >= JUMP ? 3600 : 0);
  const window = { requests: 80 + (i % 7), latency: 0.01 + 0.001 * (i % 3) };
  return metricsRequest(pixieRow('far/a', 'far/b', time, window, { 'px.cluster.id': 'far' }));
}

/** Cumulative counters, which need their predecessors, and a histogram that is read as a quantile, from two pods. */
function graphRequest(i: number, pod: number): Uint8Array {
  const requests = 500 * i + 13 * (i % 4) + pod;
  const time = START + i * WINDOW + pod;
  const attributes = { client: 'web', server: 'api', failed: false, pod: `p${pod}` };
  const options = { attributes, time, startTime: START - 60 };
  const slow = i > 200 && i < 230 ? 3 : 1;
  const histogram = {
    name: 'traces_service_graph_request_server_seconds',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          attributes: Object.entries(attributes).map(([key, value]) => ({
            key,
            value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
          })),
          timeUnixNano: String(BigInt(time) * 1_000_000_000n),
          startTimeUnixNano: String(BigInt(START - 60) * 1_000_000_000n),
          count: requests,
          sum: requests * 0.05 * slow,
          explicitBounds: [0.01, 0.05, 0.1, 0.5],
          bucketCounts: [i * 100, i * 300, i * 50 * slow, i * 50, requests - i * 450 - i * 50 * slow],
        },
      ],
    },
    // biome-ignore lint/suspicious/noExplicitAny: 64-bit numbers are accepted as text
  } as any;
  return metricsRequest({
    resource: {},
    metrics: [sum('traces_service_graph_request_total', requests, options), histogram],
  });
}

/** The client's span comes a request earlier than the server's. */
function spanRequest(i: number, kind: 2 | 3): Uint8Array {
  const id = Buffer.alloc(8);
  id.writeUInt32BE(i + 1, 0);
  const end = BigInt(START + i * WINDOW) * 1_000_000_000n;
  const resourceSpans = [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: kind === 3 ? 'checkout' : 'ledger' } }] },
      scopeSpans: [
        {
          spans: Array.from({ length: 5 }, (_, n) => {
            const span = Buffer.from(id);
            span.writeUInt32BE(n, 4);
            return {
              traceId: Buffer.alloc(16, 7),
              spanId: kind === 3 ? span : Buffer.alloc(8, 9),
              parentSpanId: kind === 3 ? Buffer.alloc(0) : span,
              kind,
              startTimeUnixNano: (end - BigInt(20_000_000 + (i % 5) * 1_000_000)).toString(),
              endTimeUnixNano: end.toString(),
            };
          }),
        },
      ],
    },
  ];
  return TraceRequest.encode(TraceRequest.fromObject({ resourceSpans })).finish();
}

/**
 * Feeds of all kinds: Pixie's rows, counters, quantiles, spans, a clock that jumps, an edge that comes late, a sender
 * with settings.
 */
export function mixedStream(windows: number): Send[] {
  const sends: Send[] = [];
  for (let i = 0; i < windows; i++) {
    const metadata: Record<string, string> =
      i >= 100 ? { 'x-pxanomaly-threshold': '0.95', authorization: 'secret' } : {};
    sends.push({ signal: 'metrics', body: shopRequest(i, TROUBLE), metadata });
    sends.push({ signal: 'traces', body: spanRequest(i, 3) });
    sends.push({ signal: 'metrics', body: farRequest(i), metadata });
    sends.push({ signal: 'traces', body: spanRequest(i, 2) });
    if (i % 6 === 0) for (const pod of [0, 1]) sends.push({ signal: 'metrics', body: graphRequest(i, pod) });
    if (i >= 230) {
      const late = pixieRow('shop/catalog', 'shop/stock', START + i * WINDOW, { requests: 40 + (i % 5) });
      sends.push({ signal: 'metrics', body: metricsRequest(late) });
    }
  }
  return sends;
}

/** The configuration that the mixed stream is for. */
export const MIXED: object = {
  presets: ['edge', { name: 'servicegraph', quantile: 0.9 }, 'spans'],
  export_interval: '30s',
  cool_down: '2m',
  rules: [{ match: { destination: 'shop/cart' }, threshold: 0.99, schedule: [{ from: '10:30', to: '11:00' }] }],
};
