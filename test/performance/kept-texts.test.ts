// What is kept of the texts in requests: ten letters of a name must not keep the request that they came in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { opentelemetry } from '#proto';
import { ownText } from '../../src/otlp/own-text.js';
import { Senders } from '../../src/processors/anomaly/alerting/senders.js';
import { readAttributes } from '../../src/processors/anomaly/rules/attributes.js';
import { parseService } from '../../src/processors/anomaly/rules/names.js';

const { KeyValue } = opentelemetry.proto.common.v1;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 1024 * 1024;
const NAMES = 10_000;
const FILLING = 'y'.repeat(MIB);

async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Keeps what `name` gives for each of 10,000 texts of a mebibyte. */
async function assertSmall(name: (text: string, i: number) => unknown): Promise<void> {
  const before = await heap();
  const kept = Array.from({ length: NAMES }, (_, i) => name(`shop/service-number-${i}-${FILLING}`, i));
  const grown = (await heap()) - before;
  assert.equal(kept.length, NAMES);
  assert.ok(grown < 50e6, `${Math.round(grown / 1e6)} MB`);
}

/** The attribute as it comes out of a request. */
function received(value: object): unknown {
  const { attributes } = { attributes: [KeyValue.decode(KeyValue.encode({ key: 'k', value }).finish())] };
  return readAttributes(attributes).get('k');
}

test('10,000 service names of requests of 1 MiB are under 50 MB', async () => {
  await assertSmall((text) => parseService(received({ stringValue: text }) as string, ''));
});

test('so are 10,000 attributes that are arrays, and bytes', async () => {
  await assertSmall((text) => received({ arrayValue: { values: [{ stringValue: text }] } }));
  await assertSmall((text) => received({ bytesValue: Buffer.from(text) }));
});

test('so are the clusters that headers name', async () => {
  const senders = new Senders('default');
  await assertSmall((text) => senders.read(new Map([['x-pxanomaly-cluster', text]])).cluster);
});

test('an own text is equal, whatever its letters are', () => {
  for (const text of ['', 'shop', 'grün', '日本', '😀\ud83d', 'a'.repeat(1000)]) assert.equal(ownText(text), text);
});
