// The receivers that are measured and how each is configured for a case.
import { dirname, join } from 'node:path';
import type { Setup } from '../../test/support/peers/otlp-services.js';

/** What a case asks of both sides. */
export interface Path {
  readonly transport: 'grpc' | 'http';
  /** Exporter defaults on (gzip, queue, retry), or nothing but sending. */
  readonly exporterDefaults: boolean;
  /** A sending queue, in memory or flushed to disk before the answer, and no compression. */
  readonly queue?: 'memory' | 'disk';
  /** Edges that must fit. */
  readonly edges: number;
}

export interface Ports {
  readonly sinkGrpc: number;
  readonly sinkHttp: number;
}

/** Names of contenders: ours, and the Collector without or with its isolation forest. */
export type Contender = 'pxanomaly' | 'collector' | 'isolationforest' | 'isolationforest-fastest';

function exporter(path: Path, ports: Ports): Record<string, object> {
  const bare = { compression: 'none', sending_queue: { enabled: false }, retry_on_failure: { enabled: false } };
  const queued = { compression: 'none', sending_queue: path.queue === 'disk' ? { storage: 'file_storage' } : {} };
  const extra = path.queue ? queued : path.exporterDefaults ? {} : bare;
  if (path.transport === 'http') return { otlp_http: { endpoint: `http://127.0.0.1:${ports.sinkHttp}`, ...extra } };
  return { otlp_grpc: { endpoint: `127.0.0.1:${ports.sinkGrpc}`, tls: { insecure: true }, ...extra } };
}

/** `file_storage` that flushes, the same key by key on both sides. */
function storage(path: Path, contender: Contender, events: string): Pick<Setup, 'extensions'> {
  if (path.queue !== 'disk') return {};
  const directory = join(dirname(events), `queue-${contender}`);
  return { extensions: { file_storage: { directory, create_directory: true, fsync: true } } };
}

/** The Collector: the receiver, at most one processor, the exporter. */
function collector(path: Path, ports: Ports, processors: Record<string, object | null>): Setup {
  const exporters = exporter(path, ports);
  const pipeline = { receivers: ['otlp'], processors: Object.keys(processors), exporters: Object.keys(exporters) };
  return { processors, exporters, pipelines: { metrics: pipeline } };
}

/**
 * pxanomaly with every default detector on; its events leave through the same exporter, and to a file for
 * `spikesFound`.
 */
function gateway(path: Path, ports: Ports, events: string): Setup {
  const exporters = exporter(path, ports);
  const out = Object.keys(exporters);
  const room = path.edges > 15_000 ? { max_edges: path.edges + 1000, max_series: 5 * path.edges } : {};
  return {
    // The load's clock runs a thousand times as fast as ours, so that a few seconds close hundreds of windows.
    processors: { anomaly: { presets: ['edge'], max_future: '0s', max_past: '0s', ...room } },
    connectors: { anomaly_events: {} },
    exporters: { ...exporters, file: { path: events } },
    pipelines: {
      metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: [...out, 'anomaly_events'] },
      logs: { receivers: ['anomaly_events'], exporters: [...out, 'file'] },
    },
  };
}

/** The fastest settings of `isolationforest` that still score: fewer trees, one feature, its smallest window. */
const FASTEST = { forest_size: 25, features: { metrics: ['value'] }, performance: { batch_size: 64 } };

/** `events`: the file that ours writes its events to; queues on disk stand beside it. */
export function setupOf(contender: Contender, path: Path, ports: Ports, events: string): Setup {
  return { ...withoutStorage(contender, path, ports, events), ...storage(path, contender, events) };
}

function withoutStorage(contender: Contender, path: Path, ports: Ports, events: string): Setup {
  switch (contender) {
    case 'pxanomaly':
      return gateway(path, ports, events);
    case 'collector':
      return collector(path, ports, {});
    case 'isolationforest':
      return collector(path, ports, { isolationforest: null });
    case 'isolationforest-fastest':
      return collector(path, ports, { isolationforest: FASTEST });
  }
}
