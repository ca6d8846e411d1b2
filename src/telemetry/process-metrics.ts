// The process itself, under the Collector's names. Read when somebody asks, so that nothing runs in between.
import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from './index.js';
import { labelsOf } from './label-names.js';

/**
 * Registers `otelcol_process_*`. Node does not know the sum of all allocations, so that one of the Collector's is not
 * there.
 */
export function registerProcessMetrics({ registry }: Telemetry): void {
  const registers = [registry];
  new Counter({
    name: 'otelcol_process_uptime',
    help: 'Uptime of the process, seconds.',
    registers,
    collect() {
      this.reset();
      this.inc(process.uptime());
    },
  });
  new Counter({
    name: 'otelcol_process_cpu_seconds',
    help: 'CPU time, user and system, seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const memory = (name: string, help: string, read: (usage: NodeJS.MemoryUsage) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(process.memoryUsage()));
      },
    });
  };
  memory('otelcol_process_memory_rss', 'Resident memory, bytes.', (usage) => usage.rss);
  memory(
    'otelcol_process_runtime_heap_alloc_bytes',
    'JavaScript objects on the heap, bytes.',
    (usage) => usage.heapUsed,
  );
  memory(
    'otelcol_process_runtime_total_sys_memory_bytes',
    'Memory taken from the system for heap and buffers (the kernel included), bytes.',
    (usage) => usage.heapTotal + usage.external,
  );
}

/** Registers `target_info` with the resource attributes as labels; `job` and `instance` are the scraper's to say. */
export function registerTargetInfo({ registry }: Telemetry, resource: Readonly<Record<string, string>>): void {
  const labels = Object.fromEntries(
    labelsOf(Object.entries(resource), (name) => name === 'job' || name === 'instance'),
  );
  registry.removeSingleMetric('target_info');
  new Gauge({
    name: 'target_info',
    help: 'Who these metrics are about.',
    labelNames: Object.keys(labels),
    registers: [registry],
  }).set(labels, 1);
}
