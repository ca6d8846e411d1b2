// One replay: requests of a recording through an anomaly processor that follows event time alone.
import type { Settings } from '../config/settings.js';
import { type AnomalyEvent, eventsOf } from '../detection/results/read-events.js';
import { inspect } from '../kernel/inspect.js';
import { withScopes } from '../otlp/index.js';
import type { Batch, Consumer } from '../pipeline/index.js';
import type { Config } from '../processors/anomaly/config.js';
import { REPLAY } from '../processors/anomaly/options.js';
import { createAnomalyProcessor } from '../processors/anomaly/processor.js';
import { type Episodes, episodesOf } from './episodes.js';
import type { Recording } from './readers/index.js';
import { ScoredTime } from './scored-time.js';

export interface Summary {
  readonly requests: number;
  readonly points: number;
  readonly edges: number;
  /** Unix seconds of the first and last window that was scored; 0: none was. */
  readonly firstTime: number;
  readonly lastTime: number;
  /** Series that tell of no edge, and one of them. */
  readonly unmapped: number;
  readonly example: string | undefined;
  /** Lines, messages and rows that could not be read. */
  readonly skipped: number;
}

export interface Replayed {
  readonly events: readonly AnomalyEvent[];
  readonly episodes: Episodes;
  readonly summary: Summary;
  /** When which edges were watched. */
  readonly scored: ScoredTime;
}

export interface ReplayRun {
  readonly recording: Recording;
  readonly config: Config;
  readonly settings: Settings;
  /** Called now and then. */
  progress?(): void;
  /** Each event as it comes. */
  event?(event: AnomalyEvent): void;
  readonly signal?: AbortSignal | undefined;
}

const PROGRESS_EVERY = 16;

/** Replays the whole recording. The same recording, configuration and seed give the same events. */
export async function replay(run: ReplayRun): Promise<Replayed> {
  const { recording, settings } = run;
  const scored = new ScoredTime();
  const events: AnomalyEvent[] = [];
  const processor = createAnomalyProcessor(settings, run.config, REPLAY);
  const sink = resultSink(scored, (event) => {
    events.push(event);
    run.event?.(event);
  });
  const stages = new Map(
    (['metrics', 'traces', 'logs'] as const).map((signal) => [signal, processor.stage(signal, signal, sink)]),
  );
  await processor.start();
  try {
    let requests = 0;
    let points = 0;
    for await (const { signal, body } of recording.requests()) {
      run.signal?.throwIfAborted();
      const batch = recordedBatch(signal, body);
      points += batch.items;
      await stages.get(signal)?.consume(batch);
      if (++requests % PROGRESS_EVERY === 0) run.progress?.();
    }
    await processor.flush(recording.endsWhole());
    const { edges, series, unmappedExample: example } = processor.status();
    const { firstTime, lastTime } = scored;
    const { skipped } = recording.notes;
    const { unmapped } = series;
    const summary = { requests, points, edges, firstTime, lastTime, unmapped, example, skipped };
    return { events, episodes: episodesOf(events), summary, scored };
  } finally {
    await processor.shutdown();
  }
}

const NO_METADATA: ReadonlyMap<string, string> = new Map();

function recordedBatch(signal: Batch['signal'], body: Uint8Array): Batch {
  const { items } = inspect(signal, body);
  const current = items === 0 ? withScopes(body) : undefined;
  if (current) return recordedBatch(signal, current);
  return { signal, body, items, origin: 'received', metadata: NO_METADATA, receivedUnixNano: 0n };
}

/** The end of the pipeline: takes results in, and what was received away. */
function resultSink(scored: ScoredTime, event: (event: AnomalyEvent) => void): Consumer {
  return {
    refusal: () => undefined,
    consume(batch) {
      if (batch.origin !== 'anomaly') return undefined;
      scored.add(batch.body);
      if (batch.events) for (const one of eventsOf(batch.events.body)) event(one);
      return undefined;
    },
  };
}
