// The state of a gateway that does not run: a checkpoint opened, looked at, and written back without what is to be
// forgotten.

import type { KernelOptions } from '../../kernel/api.js';
import { CheckpointError } from '../../kernel/errors.js';
import { Kernel } from '../../kernel/kernel.js';
import { stateLayout } from '../../kernel/state-layout.js';
import type { Batch } from '../../pipeline/index.js';
import { anomalyEvents } from '../../telemetry/anomaly-telemetry.js';
import { createTelemetry } from '../../telemetry/index.js';
import { Detector } from '../detector.js';
import type { Route } from '../pending-request.js';
import type { DetectionSettings } from '../settings.js';
import { atOnce } from '../slicing/slices.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
import { forget, targetOf } from './forget.js';
import { listState } from './inventory.js';
import type { StateForgotten, StateListing, StateQuery, StateTarget } from './listing.js';

/** Nothing is received. */
const NO_INPUT = 1024;
const REASON = 'an operator had it forgotten while the gateway was stopped';

/** Settings for a state of these capacities. How it is judged plays no part, and stays as it is in the file. */
export type SettingsFor = (capacities: { readonly maxEdges: number }) => DetectionSettings;

export class StoppedState {
  readonly #checkpoint: Checkpoint;
  readonly #detector: Detector;
  /** Results that nobody is there to take: ends of anomalies and incidents. */
  readonly unsent: Batch[] = [];

  /** Throws `CheckpointError`, in words for people, where the bytes are no checkpoint of this version. */
  static async open(bytes: Uint8Array, settingsFor: SettingsFor): Promise<StoppedState> {
    const checkpoint = await decodeCheckpoint(bytes);
    const { layout, hash } = stateLayout();
    if (checkpoint.header.layout !== layout || checkpoint.header.hash !== hash)
      throw new CheckpointError(
        `version ${checkpoint.header.program} wrote it, whose state is laid out in another way`,
      );
    return new StoppedState(checkpoint, settingsFor(checkpoint.header.kernel));
  }

  private constructor(checkpoint: Checkpoint, settings: DetectionSettings) {
    const { header, modelState, kernel: memory } = checkpoint;
    const options: KernelOptions = { ...header.kernel, hashSeed: BigInt(header.kernel.hashSeed) };
    const kernel = Kernel.create({ ...options, inputLimitBytes: NO_INPUT });
    kernel.restore(memory);
    this.#checkpoint = checkpoint;
    this.#detector = new Detector({
      kernel,
      settings,
      resource: { resource: { attributes: {} }, scope: { name: 'pxanomaly', version: header.program } },
      events: anomalyEvents(createTelemetry(), { type: 'anomaly', name: '' }),
      live: false,
      emit: (_, batch) => this.unsent.push(batch),
    });
    const routeOf = (pipeline: string): Route => ({ pipeline, send: () => Promise.resolve() });
    this.#detector.restore(modelState.detector, settings.texts, routeOf);
  }

  get created(): string {
    return this.#checkpoint.header.created;
  }

  list(query: StateQuery): StateListing {
    return listState(this.#detector, this.#checkpoint.header.kernel, query);
  }

  /** Throws a `PermanentError` that says what there is. */
  forget(wanted: StateTarget): StateForgotten {
    const target = targetOf(this.#detector, wanted);
    if (!wanted.isDryRun) forget(this.#detector, target, REASON);
    return target.forgotten;
  }

  /** The checkpoint without what was forgotten. */
  async encode(): Promise<Uint8Array[]> {
    const { header, modelState } = this.#checkpoint;
    const { edges, kernel } = this.#detector;
    const groups = edges.liveGroups();
    const clusters = new Set(groups.map(({ cluster }) => cluster.id));
    return encodeCheckpoint({
      header: {
        ...header,
        edges: edges.count,
        watermarks: header.watermarks.filter(({ cluster }) => clusters.has(cluster)),
      },
      modelState: { ...modelState, detector: atOnce(this.#detector.save()) },
      kernel: [...kernel.snapshotPieces()].filter(({ length }) => length > 0),
    });
  }
}
