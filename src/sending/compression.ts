// The gzip form of a batch, made at most once however many exporters want it.
import { gzip, gzipSync } from 'node:zlib';
import type { Batch } from '../pipeline/index.js';

/** Fastest level: on Pixie's requests it leaves a seventh more bytes than level 6 for half of its CPU (bench/suites/grpc-client.ts). */
const LEVEL = 1;

/** Below this the trip to the thread pool costs more than compressing; bytes. */
const SYNC_BELOW = 16 * 1024;

/** OTLP shrinks to a tenth or less: with a block of an eighth of the body one step of the thread pool is enough. Bytes. */
function blockFor(bodyBytes: number): number {
  return Math.min(Math.max(bodyBytes >>> 3, 16 * 1024), 4 * 1024 * 1024);
}

const underWay = new WeakMap<Batch, Promise<Uint8Array>>();

/** `batch.gzip`, made where it is missing (off the main thread for large bodies). */
export function gzipOf(batch: Batch): Uint8Array | Promise<Uint8Array> {
  if (batch.gzip) return batch.gzip;
  if (batch.body.byteLength < SYNC_BELOW) {
    batch.gzip = gzipSync(batch.body, { level: LEVEL });
    return batch.gzip;
  }
  const started = underWay.get(batch) ?? compress(batch);
  underWay.set(batch, started);
  return started;
}

function compress(batch: Batch): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gzip(batch.body, { level: LEVEL, chunkSize: blockFor(batch.body.byteLength) }, (error, compressed) => {
      if (error) return reject(error);
      batch.gzip = compressed;
      resolve(compressed);
    });
  });
}
