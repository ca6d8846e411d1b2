// What happens to a sending queue on disk: each event bumps its counter and writes its log line.
import { type ComponentId, formatId } from '../pipeline/index.js';
import type { Telemetry } from './index.js';
import { rateLimited } from './rate-limited-log.js';

export interface QueueEvents {
  /** Requests that an earlier process left were found. */
  recovered(requests: number): void;
  /** Requests that stay on disk when the exporter ends. */
  kept(requests: number): void;
  /** Places of a file at which something could not be read and was skipped. */
  damaged(places: number, path: string): void;
  /** The end of a file that a crash had cut short, and that nobody was told OK about. */
  torn(bytes: number, path: string): void;
  /** Nothing could be written: senders were refused. */
  writeFailed(code: string, error: unknown): void;
  flushed(seconds: number): void;
  /** Bytes of all its files. */
  size(bytes: number): void;
  /** A request that was not in memory any more was read to be sent. */
  readBack(): void;
  /** A request cannot be read to be sent. `isKept`: it stays on the disk, for the next start. */
  unreadable(error: unknown, isKept: boolean): void;
}

const FLUSH_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function queueEvents(telemetry: Telemetry, id: ComponentId): QueueEvents {
  const exporter = formatId(id);
  const log = telemetry.log.child({ component: exporter, kind: 'exporter' });
  const warn = rateLimited((fields, line) => log.warn(fields, line));
  const fail = rateLimited((fields, line) => log.error(fields, line));
  const counter = (name: string, help: string) => {
    const one = telemetry.counter(`pxanomaly_exporter_queue_${name}`, help, ['exporter']).labels({ exporter });
    one.inc(0);
    return one;
  };
  const recovered = counter(
    'recovered_requests',
    'Requests of an earlier process that were found in the queue on disk.',
  );
  const damaged = counter('damaged_records', 'Places of the queue on disk that could not be read and were skipped.');
  const torn = counter('torn_bytes', 'Bytes that a crash had cut short at the end of a file of the queue.');
  const readBack = counter('read_back_requests', 'Requests that were read from disk to be sent.');
  const writeErrors = telemetry.counter(
    'pxanomaly_exporter_queue_write_errors',
    'Failed writes of the queue on disk.',
    ['exporter', 'code'],
  );
  const bytes = telemetry.gauge('pxanomaly_exporter_queue_disk_bytes', 'Bytes of the files of the queue on disk.', [
    'exporter',
  ]);
  const flushes = telemetry.histogram(
    'pxanomaly_exporter_queue_fsync_seconds',
    'Time until the disk had what was written to the queue.',
    FLUSH_BUCKETS,
    ['exporter'],
  );
  return {
    recovered(requests) {
      recovered.inc(requests);
      if (requests > 0) log.info({ requests }, 'Requests of an earlier process are in the queue and will be sent');
    },
    kept(requests) {
      if (requests > 0) log.info({ requests }, 'Requests stay in the queue on disk, for the next start');
    },
    damaged(places, path) {
      damaged.inc(places);
      log.error({ places, path }, 'The queue on disk is damaged; what could not be read is skipped');
    },
    torn(count, path) {
      torn.inc(count);
      log.warn(
        { bytes: count, path },
        'The queue on disk ends in the middle of a record, which nobody was told OK about',
      );
    },
    writeFailed(code, error) {
      writeErrors.labels({ exporter, code }).inc();
      const fields = { code, error: error instanceof Error ? error.message : String(error) };
      fail(code, fields, 'Cannot write to the queue on disk. Refusing data; what is queued goes on being sent.');
    },
    flushed: (seconds) => flushes.labels({ exporter }).observe(seconds),
    size: (count) => bytes.labels({ exporter }).set(count),
    readBack: () => readBack.inc(),
    unreadable(error, isKept) {
      damaged.inc(1);
      const text = error instanceof Error ? error.message : String(error);
      warn('unreadable', { error: text, kept: isKept }, 'A queued request cannot be read from disk and is not sent');
    },
  };
}
