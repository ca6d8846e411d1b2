// What every component promises, whatever it does: the same suite for each factory of components.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { COMPONENTS } from '../../src/components.js';
import { apply } from '../../src/config/apply.js';
import { KINDS, SECTIONS } from '../../src/config/gateway-config.js';
import { referenceRows, referenceTable } from '../../src/config/reference.js';
import type { AnyFactory, Settings } from '../../src/config/settings.js';
import {
  type Batch,
  type Component,
  type Connector,
  type Consumer,
  type Exporter,
  type Processor,
  type Receiver,
  SIGNALS,
  UndeliveredError,
} from '../../src/pipeline/index.js';
import { metricSum, metricsBatch } from '../support/batches.js';
import { ROOT } from '../support/paths.js';
import { testSettings } from '../support/settings.js';

const directory = mkdtempSync(join(tmpdir(), 'pxanomaly-conformance-'));
after(() => rmSync(directory, { recursive: true }));

/** Nobody listens there: port 1 is reserved. */
const NOBODY = '127.0.0.1:1';
const AT_ONCE = { retry_on_failure: { enabled: false }, timeout: '1s' };

/**
 * The least that a configuration must say, and ports of nobody else. Components without an entry start with nothing at
 * all.
 */
const LEAST: Readonly<Record<string, object>> = {
  'receiver otlp': { protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0' } } },
  'processor memory_limiter': { limit_mib: 4_000 },
  'exporter otlp_grpc': { endpoint: NOBODY, tls: { insecure: true }, ...AT_ONCE },
  'exporter otlp_http': { endpoint: `http://${NOBODY}`, ...AT_ONCE },
  'exporter prometheus': { endpoint: '127.0.0.1:0', forwarded: true },
  'exporter file': { path: join(directory, 'out.jsonl') },
  'exporter pixie_loopback': { endpoint: `http://${NOBODY}`, listen: '127.0.0.1:0' },
  'extension health_check': { endpoint: '127.0.0.1:0' },
  'extension bearertokenauth': { token: 'x' },
  'extension basicauth': { htpasswd: { inline: 'user:{SHA}x' } },
  'extension oauth2client': { client_id: 'x', client_secret: 'x', token_url: `http://${NOBODY}` },
  'extension file_storage': { directory: join(directory, 'storage') },
};

/** Exporters that are no forwarders: what they take is looked at, not passed on. */
const NO_FORWARDERS: Readonly<Record<string, string>> = {
  pixie_loopback: 'announces anomalies, does not forward batches',
};

function nameOf(factory: AnyFactory): string {
  return `${factory.kind} ${factory.type}`;
}

function make(factory: AnyFactory, settings: Settings = testSettings(factory.type)): Component {
  const { config, findings } = apply(factory.schema, LEAST[nameOf(factory)] ?? {});
  assert.deepEqual(findings, []);
  // biome-ignore lint/suspicious/noExplicitAny: the configuration was made by this very factory's schema.
  return factory.create(settings, config as any);
}

/** A next stage that keeps what comes. */
class Kept implements Consumer {
  readonly batches: Batch[] = [];
  refusal(): undefined {
    return undefined;
  }
  consume(batch: Batch): undefined {
    this.batches.push(batch);
    return undefined;
  }
  items(): number {
    return this.batches.filter((batch) => batch.origin === 'received').reduce((sum, batch) => sum + batch.items, 0);
  }
}

/** Gives a component its place between others, as the service does before it starts it. */
function wire(factory: AnyFactory, component: Component, next: Consumer): Consumer | undefined {
  const signal = factory.signals[0];
  if (factory.kind === 'receiver') for (const one of factory.signals) (component as Receiver).deliver(one, next);
  if (factory.kind === 'processor' && signal) return (component as Processor).stage('metrics', signal, next);
  if (factory.kind === 'exporter') return component as Exporter;
  if (factory.kind !== 'connector' || !signal) return undefined;
  for (const one of factory.delivers ?? factory.signals) (component as Connector).deliver(one, next);
  return (component as Connector).consumer(signal);
}

for (const factory of COMPONENTS) {
  describe(nameOf(factory), () => {
    it('takes its defaults', () => {
      const { config, findings } = apply(factory.schema, LEAST[nameOf(factory)] ?? {});
      assert.deepEqual(findings, []);
      // biome-ignore lint/suspicious/noExplicitAny: the configuration was made by this very factory's schema.
      assert.deepEqual(factory.validate?.(config as any) ?? [], []);
    });

    it('refuses an unknown key and names it', () => {
      const { findings } = apply(factory.schema, { ...LEAST[nameOf(factory)], no_such_key: 1 });
      assert.deepEqual(
        findings.map((finding) => finding.path),
        [['no_such_key']],
      );
      assert.match(findings[0]?.message ?? '', /^unknown key/);
    });

    it('refuses an unknown key in every section', () => {
      const sections = referenceRows(factory.schema).filter((row) => row.type === 'section' && !/[<[]/.test(row.key));
      for (const { key } of sections) {
        const value = key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), { no_such_key: 1 });
        const { findings } = apply(factory.schema, value);
        const found = findings.some(
          (one) => one.path.join('.') === `${key}.no_such_key` && /^unknown key/.test(one.message),
        );
        assert.ok(found, `${key}: ${JSON.stringify(findings)}`);
      }
    });

    it('says of every key what it means', () => {
      const silent = referenceRows(factory.schema).filter(
        (row) => row.meaning === '' && row.type !== 'section' && !row.key.includes('<key>'),
      );
      assert.deepEqual(
        silent.map((row) => row.key),
        [],
      );
    });

    it('can be shut down without start, and twice', async () => {
      const component = make(factory);
      wire(factory, component, new Kept());
      await component.shutdown();
      await component.shutdown();
    });

    it('starts, and can be shut down twice', async () => {
      const component = make(factory);
      wire(factory, component, new Kept());
      await component.start();
      for (const address of Object.values(component.addresses?.() ?? {})) assert.match(address, /:[1-9]\d*$/);
      await component.shutdown();
      await component.shutdown();
    });

    it('can be started again as a new instance on the same configuration', async () => {
      for (let round = 0; round < 2; round++) {
        const component = make(factory);
        wire(factory, component, new Kept());
        await component.start();
        await component.shutdown();
      }
    });

    it('has a README with every section and a current table', () => {
      const path = `${ROOT}/src/${SECTIONS[factory.kind]}/${factory.type.replaceAll('_', '-')}/README.md`;
      const text = readFileSync(path, 'utf8');
      const titles = [...text.matchAll(/^## (.*)$/gm)].map((match) => match[1]);
      assert.deepEqual(titles, ['What it does', 'Configuration', 'Emitted telemetry', 'Example', 'Limits']);
      assert.ok(text.includes(`\n${referenceTable(factory.schema)}\n`), 'node scripts/generate-reference.mjs');
    });
  });
}

describe('nothing that was accepted is lost', () => {
  for (const factory of COMPONENTS.filter((one) => one.kind === 'processor' && one.signals.includes('metrics'))) {
    it(`${nameOf(factory)}: what went in comes out by the end of shutdown`, async () => {
      const component = make(factory);
      const next = new Kept();
      const stage = wire(factory, component, next);
      await component.start();
      const answers = Array.from({ length: 20 }, (_, i) => stage?.consume(metricsBatch(i + 1, `m${i}`)));
      await component.shutdown();
      await Promise.all(answers);
      assert.equal(next.items(), 210);
    });
  }

  for (const factory of COMPONENTS.filter((one) => one.kind === 'exporter' && one.signals.includes('metrics'))) {
    it(`${nameOf(factory)}: accepted = sent + counted drops`, {
      skip: NO_FORWARDERS[factory.type] ?? false,
    }, async () => {
      const settings = testSettings(factory.type);
      const component = make(factory, settings) as Exporter;
      await component.start();
      let accepted = 0;
      for (let i = 0; i < 20; i++) {
        const batch = metricsBatch(i + 1, `m${i}`);
        if (component.refusal(batch.body.byteLength)) continue;
        try {
          await component.consume(batch);
          accepted += batch.items;
        } catch {
          // Not accepted: the sender was told so.
        }
      }
      // Nobody listens: what could not be delivered is said.
      await component.shutdown().catch((error) => assert.ok(error instanceof UndeliveredError));
      assert.ok(accepted > 0);
      const sent = await metricSum(settings.telemetry, 'otelcol_exporter_sent_metric_points');
      const dropped = await metricSum(settings.telemetry, 'pxanomaly_exporter_dropped_items');
      assert.equal(sent + dropped, accepted);
    });
  }

  for (const factory of COMPONENTS.filter((one) => one.kind === 'receiver')) {
    it(`${nameOf(factory)}: a request that was answered OK has been handed on`, async () => {
      const component = make(factory) as Receiver;
      const next = new Kept();
      wire(factory, component, next);
      await component.start();
      const { http } = component.addresses?.() ?? {};
      const send = async (): Promise<number> => {
        const body = metricsBatch(3).body as Uint8Array<ArrayBuffer>;
        const headers = { 'content-type': 'application/x-protobuf' };
        const response = await fetch(`http://${http}/v1/metrics`, { method: 'POST', headers, body });
        await response.arrayBuffer();
        return response.status;
      };
      const answers = Promise.allSettled(Array.from({ length: 10 }, send));
      // The first answer proves that requests are under way when the shutdown begins.
      assert.equal(await send(), 200);
      await component.shutdown();
      const ok = (await answers).filter((answer) => answer.status === 'fulfilled' && answer.value === 200).length + 1;
      assert.equal(next.items(), 3 * ok);
    });
  }
});

describe('the list of components', () => {
  it('has each type once a kind, older names included', () => {
    for (const kind of KINDS) {
      const names = COMPONENTS.filter((one) => one.kind === kind).flatMap((one) => [one.type, ...(one.aliases ?? [])]);
      assert.deepEqual(names, [...new Set(names)]);
    }
  });

  it('gives every component but extensions a signal', () => {
    for (const factory of COMPONENTS) {
      assert.equal(factory.signals.length > 0, factory.kind !== 'extension', nameOf(factory));
      for (const signal of factory.signals) assert.ok(SIGNALS.includes(signal));
    }
  });

  it('has the least configuration of nothing that is gone', () => {
    const names = COMPONENTS.map(nameOf);
    assert.deepEqual(
      Object.keys(LEAST).filter((name) => !names.includes(name)),
      [],
    );
  });
});
