// Large bodies beside small ones: inflated in threads, read in slices, senders in turns.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import * as zlib from 'node:zlib';
import {
  type Decompressed,
  type DecompressFault,
  decompress,
  decompressSmall,
  ENCODINGS,
} from '../../src/otlp/decompress.js';
import { Inflation } from '../../src/otlp/inflation.js';
import { jsonToProtobuf } from '../../src/otlp/json.js';
import { decodeStatus, statusFromJson } from '../../src/otlp/status.js';
import { Account, Ledger, RetryableError } from '../../src/pipeline/index.js';
import { GoneError, type Sent } from '../../src/receivers/otlp/inflations.js';
import { Preparation } from '../../src/receivers/otlp/preparation.js';
import { SenderQueue } from '../../src/receivers/otlp/sender-queue.js';
import { testLedger } from '../support/ledger.js';
import { endAll } from '../support/peers/processes.js';
import { startReceiver } from '../support/receiver.js';

after(endAll);

const MIB = 1024 * 1024;

/** OTLP/JSON of about so many bytes. */
function largeJson(bytes: number): Buffer {
  const point =
    '{"attributes":[{"key":"k","value":{"stringValue":"some service"}}],"timeUnixNano":"1784551200000000001","asInt":"7"},';
  const points = point.repeat(Math.ceil(bytes / point.length));
  return Buffer.from(
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[${points}{}]}}]}]}]}`,
  );
}

test('senders are served in turns, the work of each in its order', () => {
  const queue = new SenderQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add(item[0]!, item);
  const served: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) {
    const [sender, item] = next;
    served.push(item);
    if (item === 'a1' && served.length === 1) queue.giveBack(sender, item);
  }
  assert.deepEqual(served, ['a1', 'b1', 'c1', 'a1', 'b2', 'a2', 'a3']);
  assert.equal(queue.take(), undefined);
});

/** A body of one sender, of which everything may become up to 64 MiB. */
function sent(ledger: Ledger, bytes: Buffer, sender: string, more: Partial<Sent> = {}): Sent {
  return { bytes, limit: 64 * MIB, sender, account: new Account(ledger), whenGone: () => () => {}, ...more };
}

/** With bounds of so many mebibytes for bodies under way. */
function tightLedger(soft: number): Ledger {
  return new Ledger({ softBytes: soft * MIB, hardBytes: 2 * soft * MIB, totalBytes: 4 * soft * MIB, queueBytes: MIB });
}

/** All of it, by `Inflation`. */
function inflated(encoding: string, bytes: Buffer, limit: number): Promise<Decompressed | DecompressFault | undefined> {
  return new Promise((resolve) => new Inflation({ encoding, bytes, limit, grown: () => {} }, resolve));
}

/** Until `done`, the most that was held. */
async function mostHeld(ledger: Ledger, done: Promise<unknown>): Promise<number> {
  let most = 0;
  let over = false;
  void done.finally(() => {
    over = true;
  });
  while (!over) {
    most = Math.max(most, ledger.heldBy('underway'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return most;
}

test('JSON of several mebibytes is read in turns: the small one of another sender is not behind it', async () => {
  const ledger = testLedger();
  const preparation = new Preparation();
  const order: string[] = [];
  const large = largeJson(8 * MIB);
  const long = preparation.fromJson('metrics', sent(ledger, large, 'a'));
  const short = preparation.fromJson('metrics', sent(ledger, largeJson(MIB), 'b'));
  assert.ok(long instanceof Promise && short instanceof Promise);
  assert.ok(ledger.heldBy('underway') > 9 * MIB);
  const both = Promise.all([long.then(() => order.push('long')), short.then(() => order.push('short'))]);
  // What is made of it counts, too.
  assert.ok((await mostHeld(ledger, both)) > 10 * MIB);
  assert.deepEqual(order, ['short', 'long']);
  assert.deepEqual(await long, jsonToProtobuf('metrics', large));
  assert.equal(ledger.held, 0);
});

const { zstdCompressSync = zlib.gzipSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
const PACKERS: Record<string, (bytes: Uint8Array) => Buffer> = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  zlib: zlib.deflateSync,
  zstd: zstdCompressSync,
};

test('every encoding: in pieces comes out what comes out at once; what is small does not go there', async () => {
  const large = largeJson(3 * MIB);
  for (const encoding of ENCODINGS) {
    const pack = PACKERS[encoding]!;
    const packed = pack(large);
    assert.equal(decompressSmall(encoding, packed, 64 * MIB), undefined);
    assert.deepEqual(await inflated(encoding, packed, 64 * MIB), decompress(encoding, packed, 64 * MIB));
    assert.deepEqual(await inflated(encoding, packed, large.length), decompress(encoding, packed, 64 * MIB));
    assert.equal(await inflated(encoding, packed, large.length - 1), 'too_large');
    assert.equal(await inflated(encoding, packed.subarray(0, packed.length - 9), 64 * MIB), 'malformed');
    for (const text of ['', 'small', 'x'.repeat(40_000)]) {
      const small = decompressSmall(encoding, pack(Buffer.from(text)), 64 * MIB);
      assert.equal((small as Decompressed).body.toString(), text);
    }
  }
});

test('gzip in any form: in pieces as at once', async () => {
  const large = largeJson(2 * MIB);
  const packed = zlib.gzipSync(large);
  const lies = (said: number): Buffer => {
    const liar = Buffer.from(packed);
    liar.writeUInt32LE(said, liar.length - 4);
    return liar;
  };
  const forms: Record<string, Buffer> = {
    'one member': packed,
    'two members': Buffer.concat([packed, packed]),
    'a small one behind': Buffer.concat([packed, zlib.gzipSync('[')]),
    'a small one in front': Buffer.concat([zlib.gzipSync('['), packed]),
    'zeros behind': Buffer.concat([packed, Buffer.alloc(100)]),
    'garbage behind': Buffer.concat([packed, Buffer.from('garbage')]),
    'says less': lies(5),
    'says more': lies(large.length + 1),
    'says what cannot be': lies(0xffff_ffff),
    stored: zlib.gzipSync(large, { level: 0 }),
    'members without end': Buffer.concat(Array(10_000).fill(zlib.gzipSync(''))),
    'no gzip': Buffer.alloc(100_000, 'x'),
    cut: packed.subarray(0, packed.length / 2),
  };
  for (const [name, bytes] of Object.entries(forms)) {
    const once = decompress('gzip', bytes, 64 * MIB);
    assert.deepEqual(await inflated('gzip', bytes, 64 * MIB), once, name);
    const small = decompressSmall('gzip', bytes, 64 * MIB);
    if (small !== undefined) assert.deepEqual(small, once, name);
  }
});

/** Small bodies that become large, some of which say so. */
const BOMBS = ENCODINGS.flatMap((encoding) => {
  const pack = PACKERS[encoding]!;
  const bomb = (mebibytes: number): Buffer => pack(Buffer.alloc(mebibytes * MIB));
  const liar = bomb(32);
  if (encoding === 'gzip') liar.writeUInt32LE(1000, liar.length - 4);
  const bombs: Record<string, Buffer> = { '900 KiB': bomb(900 / 1024), '8 MiB': bomb(8), '63 MiB': bomb(63), liar };
  return Object.entries(bombs).map(([name, bytes]) => ({ encoding, name, bytes }));
});

test('bombs: none is inflated on the event loop, however much it says comes out', () => {
  for (const { encoding, name, bytes } of BOMBS)
    assert.equal(decompressSmall(encoding, bytes, 64 * MIB), undefined, `${encoding}, ${name}`);
});

test('bombs: what comes out counts while it comes, and waits where there is no room', async () => {
  for (const { encoding, name, bytes } of BOMBS) {
    if (encoding === 'zlib' || name === '8 MiB') continue;
    const ledger = tightLedger(80);
    const preparation = new Preparation();
    // Four of as many senders: 252 MiB at once, if it were for them.
    const all = Array.from({ length: 4 }, (_, i) =>
      Promise.resolve(preparation.inflate(encoding, sent(ledger, bytes, String(i)))),
    );
    const settled = Promise.allSettled(all);
    const most = await mostHeld(ledger, settled);
    assert.ok(most <= 160 * MIB, `${encoding}, ${name}: ${most}`);
    if (name === '63 MiB') assert.ok(most > 60 * MIB, `${encoding}, ${name}: ${most}`);
    for (const result of await settled) {
      if (result.status === 'rejected') assert.ok(result.reason instanceof RetryableError, String(result.reason));
      else assert.ok(typeof result.value === 'object' || name === 'liar', `${encoding}, ${name}: ${result.value}`);
    }
    assert.equal(ledger.held, 0);
  }
});

test('bombs: beyond the limit no more is made', async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(300 * MIB));
  const ledger = testLedger();
  const done = Promise.resolve(new Preparation().inflate('gzip', sent(ledger, bomb, 'a', { limit: 4 * MIB })));
  assert.ok((await mostHeld(ledger, done)) <= 5 * MIB);
  assert.equal(await done, 'too_large');
  assert.equal(ledger.held, 0);
});

test('a body whose sender has gone is not made, whether it waits or is under way', async () => {
  const bytes = zlib.gzipSync(Buffer.alloc(63 * MIB));
  const json = largeJson(4 * MIB);
  const ledger = testLedger();
  const preparation = new Preparation();
  const cancels = new Set<() => void>();
  const whenGone = (cancel: () => void): (() => void) => {
    cancels.add(cancel);
    return () => void cancels.delete(cancel);
  };
  const all = [
    ...Array.from({ length: 4 }, () => preparation.inflate('gzip', sent(ledger, bytes, 'a', { whenGone }))),
    ...Array.from({ length: 2 }, () => preparation.fromJson('metrics', sent(ledger, json, 'a', { whenGone }))),
  ];
  const settled = Promise.allSettled(all);
  while (ledger.heldBy('underway') < 10 * MIB) await new Promise((resolve) => setImmediate(resolve));
  for (const cancel of [...cancels]) cancel();
  assert.equal(ledger.held, 0, 'at once');
  for (const result of await settled) assert.ok(result.status === 'rejected' && result.reason instanceof GoneError);
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cancels.size, 0);
});

test('bodies that wait keep none of them from coming to an end', async () => {
  // What is sent alone is beyond the soft bound: whoever is made would wait for room, and those in line for it.
  const bytes = zlib.gzipSync(Buffer.concat([randomBytes(50 * 1024), Buffer.alloc(1.2 * MIB)]));
  const ledger = tightLedger(2);
  const preparation = new Preparation();
  const all = Array.from({ length: 45 }, (_, i) => preparation.inflate('gzip', sent(ledger, bytes, String(i))));
  assert.ok(ledger.isTight);
  for (const result of await Promise.all(all)) assert.ok(typeof result === 'object');
  assert.equal(ledger.evictions, 0);
  assert.equal(ledger.held, 0);
});

test('a body that has to give way is refused so that it may come again', async () => {
  const bytes = zlib.gzipSync(Buffer.alloc(63 * MIB));
  const ledger = tightLedger(20);
  const result = new Preparation().inflate('gzip', sent(ledger, bytes, 'a'));
  await assert.rejects(Promise.resolve(result), RetryableError);
  assert.equal(ledger.held, 0);
});

test('large bodies over HTTP: taken, too large, malformed; a request beside them is answered', async () => {
  const { httpPort, recorder } = await startReceiver({ http: { max_request_body_size: 16 * MIB } });
  const post = async (body: Uint8Array, headers: Record<string, string>): Promise<{ code: number; body: Buffer }> => {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/metrics`, { method: 'POST', headers, body });
    return { code: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  };
  const json = { 'content-type': 'application/json' };
  const gzip = { 'content-encoding': 'gzip' };
  const large = largeJson(3 * MIB);
  const protobuf = jsonToProtobuf('metrics', large);
  const packedProtobuf = zlib.gzipSync(protobuf);
  const [plain, packed, binary, bomb, cut, wrong, small] = await Promise.all([
    post(large, json),
    post(zlib.gzipSync(large), { ...json, ...gzip }),
    post(packedProtobuf, { 'content-type': 'application/x-protobuf', ...gzip }),
    post(zlib.gzipSync(Buffer.alloc(64 * MIB, '[')), { ...json, ...gzip }),
    post(large.subarray(0, large.length - 10), json),
    post(packedProtobuf.subarray(0, packedProtobuf.length - 9), { 'content-type': 'application/x-protobuf', ...gzip }),
    post(Buffer.from('{}'), json),
  ]);
  assert.deepEqual(
    [plain, packed, binary, small].map(({ code }) => code),
    [200, 200, 200, 200],
  );
  assert.equal(recorder.batches.length, 3);
  for (const { body } of recorder.batches) assert.deepEqual(Buffer.from(body), protobuf);
  assert.equal(recorder.batches.filter((batch) => batch.gzip).length, 1);
  assert.equal(bomb.code, 413);
  assert.equal(cut.code, 400);
  assert.match(statusFromJson(cut.body.toString())!.message, /^the body is not JSON: it ends at byte \d+, unfinished$/);
  assert.equal(wrong.code, 400);
  assert.match(decodeStatus(wrong.body).message, /says that it is gzip, and is not/);
});
