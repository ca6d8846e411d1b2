// Large bodies beside small ones: inflated in threads, read in slices, senders in turns.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as zlib from 'node:zlib';
import { decompress, decompressInThread, decompressSmall, ENCODINGS } from '../../src/otlp/decompress.js';
import { jsonToProtobuf } from '../../src/otlp/json.js';
import { decodeStatus, statusFromJson } from '../../src/otlp/status.js';
import { Preparation, SenderQueue } from '../../src/receivers/otlp/preparation.js';
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

test('JSON of several mebibytes is read in turns: the small one of another sender is not behind it', async () => {
  const ledger = testLedger();
  const preparation = new Preparation(ledger);
  const limit = 64 * MIB;
  const order: string[] = [];
  const large = largeJson(8 * MIB);
  const long = preparation.fromJson('metrics', { bytes: large, limit, sender: 'a' });
  const short = preparation.fromJson('metrics', { bytes: largeJson(MIB), limit, sender: 'b' });
  assert.ok(long instanceof Promise && short instanceof Promise);
  assert.ok(ledger.heldBy('requests') > 9 * MIB);
  await Promise.all([long.then(() => order.push('long')), short.then(() => order.push('short'))]);
  assert.deepEqual(order, ['short', 'long']);
  assert.deepEqual(await long, jsonToProtobuf('metrics', large));
  assert.equal(ledger.heldBy('requests'), 0);
});

test('every encoding: what comes out in a thread is what comes out here; what is small does not go there', async () => {
  const { zstdCompressSync = zlib.gzipSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
  const packers: Record<string, (bytes: Uint8Array) => Buffer> = {
    gzip: zlib.gzipSync,
    deflate: zlib.deflateSync,
    zlib: zlib.deflateSync,
    zstd: zstdCompressSync,
  };
  const large = largeJson(3 * MIB);
  for (const encoding of ENCODINGS) {
    const packed = packers[encoding]!(large);
    assert.equal(decompressSmall(encoding, packed, 64 * MIB), undefined);
    assert.deepEqual(await decompressInThread(encoding, packed, 64 * MIB), decompress(encoding, packed, 64 * MIB));
    assert.equal(await decompressInThread(encoding, packed, 2 * MIB), 'too_large');
    assert.equal(await decompressInThread(encoding, packed.subarray(0, packed.length - 9), 64 * MIB), 'malformed');
    const small = packers[encoding]!(Buffer.from('small'));
    assert.equal((decompressSmall(encoding, small, 64 * MIB) as { body: Buffer }).body.toString(), 'small');
  }
  // The trailer lies: no more than is small comes out before it is taken for large.
  const liar = zlib.gzipSync(large);
  liar.writeUInt32LE(5, liar.length - 4);
  assert.equal(decompressSmall('gzip', liar, 64 * MIB), undefined);
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
