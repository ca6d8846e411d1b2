// A request that waits to be learnt from, or is being learnt from.
import type { Batch } from '../pipeline/index.js';
import type { Sender } from './sender-settings.js';

/** A metrics pipeline, as a way for results: those of a cluster leave through the pipelines that brought its data. */
export interface Route {
  readonly pipeline: string;
  /** Resolves when the batch is handed on, or waits because the next stage is full. Never rejects. */
  send(batch: Batch): Promise<void>;
}

export interface PendingRequest {
  readonly batch: Batch;
  readonly sender: Sender;
  readonly route: Route;
  /** What was noted of its parts so far; of `learning/request-notes.ts`. */
  notes?: object;
}
