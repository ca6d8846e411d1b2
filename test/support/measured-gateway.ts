// A gateway in a process of its own that says, when asked, how much it has allocated. Run with a young generation so
// large that nothing is collected in between: then what it uses more is what it allocated.
import { PerformanceObserver } from 'node:perf_hooks';
import { createGateway } from '../../src/index.js';

/** What the process answers to any message. */
export interface Usage {
  /** Bytes of JavaScript objects, and of buffers outside of the heap. */
  readonly heap: number;
  readonly buffers: number;
  /** Garbage collections so far. */
  readonly collections: number;
}

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

const [nextHop] = process.argv.slice(2);
const gateway = createGateway({
  receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' } } } },
  processors: { anomaly: { presets: ['edge'] } },
  exporters: { otlp_grpc: { endpoint: `127.0.0.1:${nextHop}`, compression: 'none', tls: { insecure: true } } },
  service: {
    telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
    pipelines: { metrics: { receivers: ['otlp'], processors: ['anomaly'], exporters: ['otlp_grpc'] } },
  },
});
await gateway.start();
process.on('message', () => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  process.send?.({ heap: heapUsed, buffers: arrayBuffers, collections } satisfies Usage);
});
process.on('disconnect', () => void gateway.shutdown().then(() => process.exit(0)));
process.send?.(gateway.addresses()['receivers::otlp']?.grpc);
