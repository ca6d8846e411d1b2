// What a data point costs in the whole pipeline, in process, from request body to next hop: with scoring and without.
// The sockets are `npm run bench:peers`.
import { inspect } from '../../src/kernel/inspect.js';
import { type Batch, ownBatch } from '../../src/pipeline/index.js';
import { REPLAY } from '../../src/processors/anomaly/options.js';
import { createAnomalyProcessor } from '../../src/processors/anomaly/processor.js';
import { schema } from '../../src/processors/anomaly/schema.js';
import { type Traffic, trafficRequest } from '../../test/support/peers/edge-traffic.js';
import { testSettings } from '../../test/support/settings.js';
import { cpuOf, type Result } from '../result.js';
import { spread } from '../spread.js';

const EDGES = 1000;
const POINTS = EDGES * 4;
/** The forest is grown in window 360: from then on every default detector is at work. */
const WARM_UP = 370;
const WINDOWS_A_ROUND = 20;
const WINDOW_S = 10;

const traffic: Traffic = {
  edges: EDGES,
  cluster: 'bench',
  startSeconds: 1_767_571_200,
  windowSeconds: WINDOW_S,
  latencyFactor: () => 1,
};

const NOWHERE = { refusal: () => undefined, consume: () => undefined };

/** Each request is a tick of event time: every edge is a window that has to be scored. */
function batchOf(window: number): Batch {
  return { ...ownBatch('metrics', trafficRequest(traffic, window), POINTS), origin: 'received' };
}

/** CPU microseconds a point of each round; `work` takes the batches that were made before the clock runs. */
function measure(rounds: number, first: number, work: (batch: Batch) => void): number[] {
  return Array.from({ length: rounds }, (_, round) => {
    const batches = Array.from({ length: WINDOWS_A_ROUND }, (_, i) => batchOf(first + round * WINDOWS_A_ROUND + i));
    return cpuOf(() => batches.forEach(work)) / (WINDOWS_A_ROUND * POINTS);
  });
}

export async function pipelineResults(rounds: number): Promise<Result[]> {
  const suite = 'Pipeline in process, 1,000 edges, every row a window';
  const unit = 'µs a point';
  const without = measure(rounds + 1, 0, (batch) => {
    inspect('metrics', batch.body);
    NOWHERE.consume();
  }).slice(1);
  const processor = createAnomalyProcessor(testSettings('anomaly'), schema.parse({}), REPLAY);
  const stage = processor.stage('metrics', 'metrics', NOWHERE);
  await processor.start();
  for (let window = 0; window < WARM_UP; window++) await stage.consume(batchOf(window));
  const scored: number[] = measure(rounds, WARM_UP, (batch) => void stage.consume(batch));
  await processor.shutdown();
  return [
    { suite, name: 'checked and handed on, no scoring', unit, value: spread(without) },
    { suite, name: 'with every default detector', unit, value: spread(scored) },
  ];
}
