// A batch as a queue on disk keeps it: the body, and beside it what is needed to send it.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type AuthData, type Batch, type Origin, SIGNALS, type Signal } from '../pipeline/index.js';

const inflate = promisify(gunzip);

/** The body is the batch's gzip form. */
const GZIP = 1;

const NO_BODY = new Uint8Array(0);

/**
 * What is written beside the body. Of the metadata only what decides which requests are joined: never a credential that
 * nobody named.
 */
interface StoredMeta {
  readonly signal: Signal;
  readonly items: number;
  readonly origin: Origin;
  /** Unix ns, decimal. */
  readonly received: string;
  /** Of the body, uncompressed. */
  readonly bytes: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly auth?: AuthData;
}

export interface StoredForm {
  readonly meta: Buffer;
  readonly body: Uint8Array;
  readonly flags: number;
}

/** `metadataKeys`: of the metadata what stays with it. */
export function storedForm(batch: Batch, metadataKeys: readonly string[]): StoredForm {
  const { signal, items, origin, receivedUnixNano, body, gzip, metadata, auth } = batch;
  const kept = metadataKeys.flatMap((key) => {
    const value = metadata.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const meta: StoredMeta = {
    signal,
    items,
    origin,
    received: receivedUnixNano.toString(),
    bytes: body.byteLength,
    ...(kept.length > 0 && { metadata: Object.fromEntries(kept) }),
    ...(auth && kept.length > 0 && { auth }),
  };
  return { meta: Buffer.from(JSON.stringify(meta)), body: gzip ?? body, flags: gzip ? GZIP : 0 };
}

/** A batch whose body is on disk, and the size of that body. */
export interface Outline {
  /** Its body is empty. */
  readonly batch: Batch;
  readonly bodyBytes: number;
}

/** Undefined: it is none. */
export function outlineOf(meta: Uint8Array): Outline | undefined {
  try {
    const {
      signal,
      items,
      origin,
      received,
      bytes,
      metadata = {},
      auth,
    } = JSON.parse(Buffer.from(meta).toString()) as StoredMeta;
    if (!SIGNALS.includes(signal) || !Number.isInteger(items) || !Number.isInteger(bytes)) return undefined;
    const batch: Batch = {
      signal,
      items,
      origin,
      body: NO_BODY,
      metadata: new Map(Object.entries(metadata)),
      receivedUnixNano: BigInt(received),
      ...(auth && { auth }),
    };
    return { batch, bodyBytes: bytes };
  } catch {
    return undefined;
  }
}

/** The batch with the body that was read. */
export async function withBody(batch: Batch, stored: Buffer, flags: number): Promise<Batch> {
  if ((flags & GZIP) === 0) return { ...batch, body: stored };
  return { ...batch, body: await inflate(stored), gzip: stored };
}
