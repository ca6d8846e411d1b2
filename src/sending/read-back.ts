// Bodies of a queue on disk, for delivery: from memory where they are kept, else from the disk.
import type { Batch } from '../pipeline/index.js';
import { DamagedError, type SegmentLog } from '../storage/index.js';
import type { QueueEvents } from '../telemetry/queue-events.js';
import type { Entry } from './backlog.js';
import { asStageError } from './send.js';
import type { QueueHost } from './sending-queue.js';
import { withBody } from './stored-batch.js';

export interface ReadBackHost extends Pick<QueueHost, 'events'> {
  readonly log: SegmentLog;
  readonly queueEvents: Pick<QueueEvents, 'readBack' | 'unreadable'>;
}

/** What is there of the bodies; what is not is told. */
export async function readBack(entries: readonly Entry[], host: ReadBackHost): Promise<Batch[]> {
  const parts: Batch[] = [];
  for (const { batch, stored, spilledBytes } of entries) {
    if (!stored || spilledBytes === undefined) {
      parts.push(batch);
      continue;
    }
    try {
      parts.push(await withBody(batch, await host.log.read(stored), stored.flags));
      host.queueEvents.readBack();
    } catch (error) {
      host.queueEvents.unreadable(error, false);
      host.events.failed(batch, 'permanent', error instanceof DamagedError ? error : asStageError(error));
    }
  }
  return parts;
}
