// What the OTLP specification asks of servers and clients, item by item.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Bench, startBench } from '../support/otlp-conformance/bench.js';
import { ITEMS } from '../support/otlp-conformance/items.js';
import { renderPage } from '../support/otlp-conformance/page.js';
import { fixture, ROOT } from '../support/paths.js';
import { startGateway } from '../support/peers/otlp-services.js';
import { endAll } from '../support/peers/processes.js';

describe('OTLP', () => {
  let bench: Bench;
  before(async () => {
    bench = await startBench((setup) => startGateway(setup));
  });
  after(endAll);

  for (const { id, demand, ours, probe } of ITEMS) {
    test(`${id}: ${demand}`, async () => assert.equal(await probe(bench), ours));
  }
});

test('docs/otlp-conformance.md is what the probes say', () => {
  const recorded = JSON.parse(readFileSync(fixture('otlp-conformance.json'), 'utf8'));
  assert.equal(
    readFileSync(`${ROOT}/docs/otlp-conformance.md`, 'utf8'),
    renderPage(recorded),
    'PXANOMALY_RECORD=1 npm test -- conformance/otlp-collector',
  );
});
