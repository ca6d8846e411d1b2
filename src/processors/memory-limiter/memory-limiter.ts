// Refuses data while the process uses more memory than it should.
import type { Settings } from '../../config/settings.js';
import {
  type Batch,
  type Consumer,
  type Ledger,
  type Processor,
  RetryableError,
  type Signal,
} from '../../pipeline/index.js';
import { type MemoryLimiterEvents, memoryLimiterEvents, type Pressure } from '../../telemetry/memory-limiter-events.js';
import { type Config, type Limits, limitsOf } from './config.js';
import { type ProcessMemory, processMemory } from './memory.js';

/** Shares of V8's own heap limit; near it V8 collects all the time, and then ends the process. */
const SOFT_HEAP = 0.8;
const HARD_HEAP = 0.9;

export class MemoryLimiter implements Processor {
  private readonly events: MemoryLimiterEvents;
  private readonly limits: Limits;
  private readonly ledger: Ledger;
  private unrestrict: () => void = () => {};
  private state: Pressure = 'none';
  private collectedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    settings: Settings,
    private readonly config: Config,
    private readonly memory: ProcessMemory = processMemory(),
    private readonly now: () => number = () => performance.now(),
  ) {
    this.events = memoryLimiterEvents(settings.telemetry, settings.id);
    this.limits = limitsOf(config, memory.total());
    this.ledger = settings.ledger;
  }

  /** What the last check found. */
  get pressure(): Pressure {
    return this.state;
  }

  async start(): Promise<void> {
    this.events.started(this.limits.hardBytes, this.limits.softBytes);
    this.unrestrict = this.ledger.restrict(this.limits.hardBytes);
    this.check();
    this.timer = setInterval(() => this.check(), this.config.check_interval);
  }

  async shutdown(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    // What is drained now makes room: nothing is refused any more.
    this.state = 'none';
    this.unrestrict();
  }

  stage(_pipeline: string, signal: Signal, next: Consumer): Consumer {
    return {
      retainsBody: next.retainsBody !== false,
      refusal: (bytes) => {
        const refused = this.refusal();
        if (refused) this.events.refusedUnread();
        return refused ?? next.refusal(bytes);
      },
      consume: (batch) => this.admit(batch, signal, next),
      checkMetadata: (metadata) => next.checkMetadata?.(metadata),
    };
  }

  private admit(batch: Batch, signal: Signal, next: Consumer): undefined | Promise<void> {
    const refused = this.refusal();
    if (refused) {
      this.events.refused(signal, batch.items);
      throw refused;
    }
    this.events.accepted(signal, batch.items);
    return next.consume(batch);
  }

  private refusal(): RetryableError | undefined {
    if (this.state === 'none') return undefined;
    return new RetryableError('data refused due to high memory usage', this.config.check_interval);
  }

  /** Looks at the memory, collects where a limit is passed and the pause is over, and looks again. */
  private check(): void {
    let used = this.memory.used();
    const found = this.pressureAt(used);
    if (found !== 'none' && this.mayCollect(found)) used = this.collect(used);
    const state = this.pressureAt(used);
    if (state !== this.state) this.events.pressure(state, used);
    this.state = state;
  }

  /** Of the two limits that the process has, the one that is nearer. */
  private pressureAt(used: number): Pressure {
    const heap = this.memory.heapShare();
    if (used >= this.limits.hardBytes || heap >= HARD_HEAP) return 'hard';
    return used >= this.limits.softBytes || heap >= SOFT_HEAP ? 'soft' : 'none';
  }

  private mayCollect(pressure: Pressure): boolean {
    const { min_gc_interval_when_soft_limited: soft, min_gc_interval_when_hard_limited: hard } = this.config;
    return this.now() - this.collectedAt >= (pressure === 'hard' ? hard : soft);
  }

  private collect(before: number): number {
    this.memory.collect();
    this.collectedAt = this.now();
    const after = this.memory.used();
    this.events.collected(before, after);
    return after;
  }
}
