// What a memory limiter does: each event bumps its counter and writes its log line.
import { type ComponentId, formatId, type Signal } from '../pipeline/index.js';
import type { Telemetry } from './index.js';
import { itemCounters } from './item-names.js';

/** `soft`: new data is refused. `hard`: memory is collected as well. */
export type Pressure = 'none' | 'soft' | 'hard';

export interface MemoryLimiterEvents {
  started(limitBytes: number, softLimitBytes: number): void;
  accepted(signal: Signal, items: number): void;
  refused(signal: Signal, items: number): void;
  /** Refused before it was read: its items are not known. */
  refusedUnread(): void;
  pressure(now: Pressure, usedBytes: number): void;
  collected(beforeBytes: number, afterBytes: number): void;
}

const MIB = 1024 * 1024;
const mib = (bytes: number): number => Math.round(bytes / MIB);

const TEXT: Readonly<Record<Pressure, string>> = {
  none: 'Memory usage back within limits. Resuming normal operation.',
  soft: 'Memory usage is above soft limit. Refusing data.',
  hard: 'Memory usage is above hard limit. Refusing data.',
};

/** The events of one limiter. */
export function memoryLimiterEvents(telemetry: Telemetry, id: ComponentId): MemoryLimiterEvents {
  const processor = formatId(id);
  const log = telemetry.log.child({ component: processor, kind: 'processor' });
  const counters = (what: string, help: string) =>
    itemCounters(telemetry, `otelcol_processor_memory_limiter_${what}`, help, { processor });
  const accepted = counters('accepted', 'Items passed on');
  const refused = counters('refused', 'Items refused for want of memory');
  const unread = telemetry
    .counter('pxanomaly_memory_limiter_refused_requests', 'Requests refused before they were read.', ['processor'])
    .labels({ processor });
  return {
    started: (limit, soft) =>
      log.info(
        { limit_mib: mib(limit), soft_limit_mib: mib(soft), spike_limit_mib: mib(limit - soft) },
        'Memory limiter configured',
      ),
    accepted: (signal, items) => accepted[signal].inc(items),
    refused: (signal, items) => refused[signal].inc(items),
    refusedUnread: () => unread.inc(1),
    pressure: (now, usedBytes) => log[now === 'none' ? 'info' : 'warn']({ cur_mem_mib: mib(usedBytes) }, TEXT[now]),
    collected: (before, after) =>
      log.info({ before_mib: mib(before), cur_mem_mib: mib(after) }, 'Memory collected because a limit was passed.'),
  };
}
