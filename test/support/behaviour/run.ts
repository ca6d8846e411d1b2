// Plays a behaviour case through the real processor and kernel, on event time, as fast as it can.
import { type Batch, type Consumer, ownBatch } from '../../../src/pipeline/index.js';
import { REPLAY } from '../../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../../src/processors/anomaly/processor.js';
import { schema } from '../../../src/processors/anomaly/schema.js';
import type { Telemetry } from '../../../src/telemetry/index.js';
import { testSettings } from '../settings.js';
import type { Case } from './case.js';
import { deliver } from './delivery.js';
import { readEvents, type SeenEvent } from './events.js';
import { parseSeconds } from './notation.js';
import { type EdgeSeries, RowSource, STEADY } from './rows.js';

export interface Played {
  readonly events: readonly SeenEvent[];
  readonly telemetry: Telemetry;
}

/** Takes what the processor sends; keeps the events of its own batches. */
class Collect implements Consumer {
  readonly events: SeenEvent[] = [];
  readonly #start: bigint;

  constructor(startUnixNano: bigint) {
    this.#start = startUnixNano;
  }

  refusal(): undefined {
    return undefined;
  }

  consume(batch: Batch): undefined {
    if (batch.events) this.events.push(...readEvents(batch.events.body, this.#start));
  }
}

/** The events of a case, in the order in which they came. */
export async function play(test: Case): Promise<Played> {
  const startUnixNano = BigInt(Date.parse(test.start)) * 1_000_000n;
  const settings = testSettings('anomaly');
  const processor = createAnomalyProcessor(settings, schema.parse(test.config), REPLAY);
  const collect = new Collect(startUnixNano);
  const stage = processor.stage('metrics', 'metrics', collect);
  await processor.start();
  const stream = { startUnixNano, seconds: parseSeconds(test.for), window: parseSeconds(test.window) };
  const metadata = new Map(Object.entries(test.metadata));
  for (const body of deliver(new RowSource(edgesOf(test), test.seed), test.deliver, stream))
    await stage.consume({ ...ownBatch('metrics', body, 0), origin: 'received', metadata });
  await processor.flush();
  await processor.shutdown();
  return { events: collect.events, telemetry: settings.telemetry };
}

/** The case's own edges and the steady ones beside them, each between two services of its own. */
function edgesOf(test: Case): Record<string, EdgeSeries> {
  const edges = { ...test.edges };
  const steady = test.backgroundSeries ?? STEADY;
  for (let i = 0; i < test.background; i++) edges[`steady/from-${i} -> steady/to-${i}`] = steady;
  return edges;
}
