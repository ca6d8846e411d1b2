// A state of other capacities made to fit: what has room comes along, the rest is named.
import type { KernelApi, KernelOptions } from '../../kernel/api.js';
import { Detector } from '../detector.js';
import type { DetectorOptions, SavedDetector } from '../detector-parts.js';
import { atOnce } from '../slicing/slices.js';
import type { Checkpoint } from './checkpoint.js';

export interface Fitted {
  readonly kernel: KernelApi;
  readonly saved: SavedDetector;
  /** In words. */
  readonly dropped: readonly string[];
}

export interface FitHost {
  createKernel(options: KernelOptions): KernelApi;
  detectorOptions(kernel: KernelApi): DetectorOptions;
}

/** Nothing is received while a state is moved. */
const NO_INPUT = 1024;

/** Throws `CheckpointError` where even the groups have no room. */
export function fitState(checkpoint: Checkpoint, before: KernelOptions, wanted: KernelOptions, host: FitHost): Fitted {
  const old = host.createKernel({ ...before, inputLimitBytes: NO_INPUT });
  old.restore(checkpoint.kernel);
  const options = host.detectorOptions(old);
  const detector = new Detector(options);
  detector.restore(checkpoint.modelState.detector, checkpoint.header, () => undefined);
  const shrunk = detector.shrink(wanted.maxEdges, wanted.maxSeries);
  const kernel = host.createKernel(wanted);
  const renewed = kernel.takeOver(old);
  const { dictionary, ...rest } = atOnce(detector.save());
  const { clusters } = checkpoint.modelState.detector.dictionary;
  const deliveries = new Map(clusters.map(({ id, deliveries: names }) => [id, names]));
  const named = dictionary.clusters.map((one) => ({ ...one, deliveries: deliveries.get(one.id) ?? [] }));
  return {
    kernel,
    saved: { ...rest, dictionary: { ...dictionary, clusters: named } },
    dropped: [...shrunk, ...renewed],
  };
}
