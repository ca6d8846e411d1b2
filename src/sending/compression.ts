// The compressed forms of a batch; that of gzip is made at most once however many exporters want it.
import * as zlib from 'node:zlib';
import { gzip, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Batch } from '../pipeline/index.js';

/**
 * Fastest level: on Pixie's requests it leaves a seventh more bytes than level 6 for half of its CPU
 * (bench/suites/grpc-client.ts).
 */
const LEVEL = 1;

/** Below this the trip to the thread pool costs more than compressing; bytes. */
const SYNC_BELOW = 16 * 1024;

/**
 * OTLP shrinks to a tenth or less: with a block of an eighth of the body one step of the thread pool is enough. Bytes.
 */
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

/** How requests leave, by the names of `content-encoding` and `grpc-encoding`. */
export type Compression = 'gzip' | 'zstd' | 'none';

export const compressionSchema: z.ZodDefault<z.ZodEnum<{ gzip: 'gzip'; zstd: 'zstd'; none: 'none' }>> = z
  .enum(['gzip', 'zstd', 'none'])
  .default('gzip');

type Compress = (bytes: Uint8Array, done: (error: Error | null, compressed: Uint8Array) => void) => void;

/** Since Node 22.15. */
const zstdCompress = (zlib as unknown as { readonly zstdCompress?: Compress }).zstdCompress;

/** What stands against a compression on this runtime. */
export function compressionProblems(compression: Compression): string[] {
  return compression === 'zstd' && !zstdCompress
    ? [`compression: zstd needs Node 22.15 or later; this is ${process.version}`]
    : [];
}

function zstdOf(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (!zstdCompress) return reject(new Error(`zstd needs Node 22.15 or later; this is ${process.version}`));
    zstdCompress(bytes, (error, compressed) => (error ? reject(error) : resolve(compressed)));
  });
}

/** Other bytes than a batch's body. */
export function compressed(bytes: Uint8Array, compression: Compression): Promise<Uint8Array> | Uint8Array {
  if (compression === 'none') return bytes;
  if (compression === 'zstd') return zstdOf(bytes);
  return new Promise((resolve, reject) =>
    gzip(bytes, { level: LEVEL }, (error, result) => (error ? reject(error) : resolve(result))),
  );
}

/** The body of a batch as it leaves. */
export function formOf(batch: Batch, compression: Compression): Promise<Uint8Array> | Uint8Array {
  return compression === 'gzip' ? gzipOf(batch) : compressed(batch.body, compression);
}
