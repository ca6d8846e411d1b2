// Every stock client against our receiver, plain, in gzip and over TLS: it is told OK, what arrived is what it sent,
// our counters say the same, and nothing is in the log above info.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { SIGNALS, type Signal } from '../../src/pipeline/index.js';
import { fixture } from '../support/paths.js';
import { itemsOfBytes } from '../support/peers/item-counts.js';
import { endAll } from '../support/peers/processes.js';
import { SAMPLES } from '../support/peers/sample-requests.js';
import { STOCK_CLIENTS, type StockClient, type Variant } from '../support/peers/stock-clients.js';
import { type RunningReceiver, startReceiver } from '../support/receiver.js';

const ITEMS: Readonly<Record<Signal, string>> = { metrics: 'metric_points', traces: 'spans', logs: 'log_records' };
const SERVER_TLS = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };

/** Items of a signal that the client sends. */
function itemsSent({ arrives }: StockClient, signal: Signal): number {
  return arrives === 'own' ? 1 : itemsOfBytes(signal, SAMPLES[signal]);
}

async function check(client: StockClient, { recorder, count, lines }: RunningReceiver): Promise<void> {
  const { protocol: transport, arrives } = client;
  for (const signal of SIGNALS) {
    const bodies = recorder.batches.filter((batch) => batch.signal === signal).map(({ body }) => Buffer.from(body));
    const wanted = itemsSent(client, signal);
    assert.equal(
      bodies.reduce((total, body) => total + itemsOfBytes(signal, body), 0),
      wanted,
      `${signal} arrived`,
    );
    if (arrives === 'bytes') assert.deepEqual(bodies, [Buffer.from(SAMPLES[signal])]);
    assert.equal(await count(`otelcol_receiver_accepted_${ITEMS[signal]}`, { transport }), wanted);
    for (const what of ['refused', 'failed'])
      assert.equal(await count(`otelcol_receiver_${what}_${ITEMS[signal]}`), 0, `${signal} ${what}`);
  }
  assert.deepEqual(
    lines.filter(({ level }) => Number(level) >= 40),
    [],
  );
}

for (const [name, client] of Object.entries(STOCK_CLIENTS)) {
  const skip = client.skip();
  describe(name, { skip: skip && `${name}: ${skip}` }, () => {
    after(endAll);
    for (const variant of ['plain', 'gzip', 'tls'] as Variant[])
      it(variant, async () => {
        const tls = variant === 'tls' ? { tls: SERVER_TLS } : {};
        const running = await startReceiver({ grpc: tls, http: tls });
        await client.send(client.protocol === 'grpc' ? running.grpcPort : running.httpPort, variant);
        await check(client, running);
      });
  });
}
