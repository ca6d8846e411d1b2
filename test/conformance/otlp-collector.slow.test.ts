// The stock Collector's answers to the probes of OTLP, as docs/otlp-conformance.md tells them. PXANOMALY_RECORD=1
// writes them anew.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Bench, startBench } from '../support/otlp-conformance/bench.js';
import { ITEMS } from '../support/otlp-conformance/items.js';
import { type Recorded, renderPage } from '../support/otlp-conformance/page.js';
import { fixture } from '../support/paths.js';
import { startCollector } from '../support/peers/otlp-services.js';
import { endAll } from '../support/peers/processes.js';
import { peer, REPOSITORY, withoutGo } from '../support/peers/programs.js';

const records = process.env.PXANOMALY_RECORD !== undefined;

describe('the Collector', { skip: withoutGo }, () => {
  let bench: Bench;
  const answers: Record<string, string> = {};
  before(async () => {
    bench = await startBench((setup) => startCollector(setup));
  });
  after(async () => {
    await endAll();
    if (!records) return;
    const version = execFileSync(peer('collector.sh'), ['--version'], { encoding: 'utf8' });
    const recorded: Recorded = { collector: /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version.trim(), answers };
    writeFileSync(join(REPOSITORY, 'test/fixtures/otlp-conformance.json'), `${JSON.stringify(recorded, null, 2)}\n`);
    writeFileSync(join(REPOSITORY, 'docs/otlp-conformance.md'), renderPage(recorded));
  });

  for (const { id, demand, probe } of ITEMS) {
    test(`${id}: ${demand}`, async () => {
      const answer = await probe(bench);
      answers[id] = answer;
      if (records) return;
      const recorded = JSON.parse(readFileSync(fixture('otlp-conformance.json'), 'utf8')) as Recorded;
      assert.equal(answer, recorded.answers[id]);
    });
  }
});
