// Where queues on disk are: an extension that keeps logs, known by what it can do.
import type { Settings } from '../config/settings.js';
import { type ComponentId, type Extension, formatId } from '../pipeline/index.js';
import type { LogEvents, SegmentLog } from '../storage/index.js';

export interface QueueStorage {
  /** The log of one exporter; the host opens and closes it. */
  queueLog(owner: ComponentId, events: LogEvents): SegmentLog;
}

/** The extension's storage. Throws where there is none of this id. */
export function queueStorage({ extension, id }: Pick<Settings, 'extension' | 'id'>, name: string): QueueStorage {
  const found = extension(name) as (Extension & Partial<QueueStorage>) | undefined;
  if (found?.queueLog) return found as Extension & QueueStorage;
  throw new Error(
    `sending_queue.storage of ${formatId(id)}: "${name}" is no extension that stores; name a file_storage of service::extensions`,
  );
}
