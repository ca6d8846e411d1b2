// Tests of what is kept of the texts in requests: ten letters of a name must not keep the request that they came in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { opentelemetry } from '#proto';
import { Senders } from '../../src/detection/alerting/senders.js';
import { readAttributes } from '../../src/detection/rules/attributes.js';
import { parseService } from '../../src/detection/rules/names.js';

const { KeyValue } = opentelemetry.proto.common.v1;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const MIB = 1024 * 1024;
const FILLING = 'y'.repeat(MIB);

async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Keeps what `name` gives for each of so many texts of a mebibyte: five kilobytes each at most. */
async function assertSmall(names: number, name: (text: string) => unknown): Promise<void> {
  const before = await heap();
  const kept = Array.from({ length: names }, (_, i) => name(`shop/service-number-${i}-${FILLING}`));
  const grown = (await heap()) - before;
  assert.equal(kept.length, names);
  assert.ok(grown < 5000 * names, `${Math.round(grown / 1e6)} MB`);
}

/** The attribute as it comes out of a request. */
function received(value: object): unknown {
  const { attributes } = { attributes: [KeyValue.decode(KeyValue.encode({ key: 'k', value }).finish())] };
  return readAttributes(attributes).get('k');
}

/** `names`: of how many requests. */
export function testKeptTexts(names: number): void {
  test(`${names} service names of requests of 1 MiB are under 5 kB each`, async () => {
    await assertSmall(names, (text) => parseService(received({ stringValue: text }) as string, ''));
  });

  test(`so are ${names} attributes that are arrays, and bytes`, async () => {
    await assertSmall(names, (text) => received({ arrayValue: { values: [{ stringValue: text }] } }));
    await assertSmall(names, (text) => received({ bytesValue: Buffer.from(text) }));
  });

  test('so are the clusters that headers name', async () => {
    const senders = new Senders('default');
    await assertSmall(names, (text) => senders.read(new Map([['x-pxanomaly-cluster', text]])).cluster);
  });
}
