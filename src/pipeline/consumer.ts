// The one method of a stage, and the question that is asked before a request is read.
import type { Batch } from './batch.js';
import type { RetryableError } from './errors.js';

/** A stage of a pipeline. It is given its successor when it is made. */
export interface Consumer {
  /**
   * Takes one batch. Returning (or resolving) means the batch is in safe hands: the receiver answers OK and nothing may
   * drop it without counting it. Throws `PermanentError` (the data is bad; a retry cannot help) or `RetryableError`
   * (try again later). Stages that can answer at once return nothing, so that no other request comes between check and
   * queue.
   */
  consume(batch: Batch): undefined | Promise<void>;
  /**
   * Why a batch of about this many bytes would be refused right now (memory limit, a full queue); undefined: it would
   * be taken. Asked before decompression, and once more, in the same turn of the event loop, before `consume`.
   */
  refusal(bytes: number): RetryableError | undefined;
  /**
   * Throws the `PermanentError` that `consume` would throw for these headers, whatever the body holds: what has no
   * items goes no further than the receiver, and its sender is to learn all the same that its settings are wrong. Left
   * out: headers do not matter.
   */
  checkMetadata?(metadata: ReadonlyMap<string, string>): void;
  /**
   * False: it, and everything behind it, holds the lease of a batch for as long as it reads the bytes after `consume`
   * has ended. Left out, the bytes may be retained without a word, and receivers rent no memory for them.
   */
  readonly retainsBody?: boolean;
}
