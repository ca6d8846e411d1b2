// The kernel's decoder against protobufjs: what it reads, and what it accepts and refuses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opentelemetry } from '#proto';
import { MalformedError } from '../../src/kernel/errors.js';
import { Status } from '../../src/kernel/generated/constants.js';
import { loadKernel } from '../../src/kernel/load.js';
import type { KernelScan } from '../../src/kernel/scan.js';
import type { Signal } from '../../src/pipeline/index.js';
import { type ReferenceRow, referenceRows } from '../reference/decode.js';
import { smallKernel } from '../support/kernels.js';
import { logsRequest, metricsRequest, mutate, mutation, tracesRequest } from '../support/otlp-arbitraries.js';
import fc from '../support/property.js';
import { makeOracle } from '../support/protobuf-oracle.js';

makeOracle();

const { collector } = opentelemetry.proto;
const REQUEST = {
  metrics: collector.metrics.v1.ExportMetricsServiceRequest,
  traces: collector.trace.v1.ExportTraceServiceRequest,
  logs: collector.logs.v1.ExportLogsServiceRequest,
};
const ARBITRARY = { metrics: metricsRequest, traces: tracesRequest, logs: logsRequest };
const kernel = smallKernel();

function encode(signal: Signal, message: unknown): Uint8Array {
  const type = REQUEST[signal] as { fromObject(o: object): unknown; encode(m: unknown): { finish(): Uint8Array } };
  return new Uint8Array(type.encode(type.fromObject(message as object)).finish());
}

function countItems(signal: Signal, body: Uint8Array): number {
  if (signal === 'metrics') return referenceRows(body).length;
  if (signal === 'traces') {
    const scopes = REQUEST.traces.decode(body).resourceSpans.flatMap((r) => r.scopeSpans ?? []);
    return scopes.reduce((n, s) => n + (s.spans?.length ?? 0), 0);
  }
  const scopes = REQUEST.logs.decode(body).resourceLogs.flatMap((r) => r.scopeLogs ?? []);
  return scopes.reduce((n, s) => n + (s.logRecords?.length ?? 0), 0);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Kernel and protobufjs take the same bodies, count the same items and leave every guard whole. */
function compare(signal: Signal, body: Uint8Array): void {
  const expected = attempt(() => countItems(signal, body));
  let items: number | undefined;
  try {
    items = kernel.scan(signal, body).items;
  } catch (error) {
    assert.ok(error instanceof MalformedError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= body.length, `offset ${error.offset} of ${body.length}`);
  }
  assert.equal(items, expected, Buffer.from(body).toString('hex'));
}

function checkRows(body: Uint8Array): void {
  const expected = referenceRows(body);
  const scan = kernel.scan('metrics', body);
  assert.equal(scan.rows, expected.length);
  for (const [i, reference] of expected.entries()) checkRow(scan, body, reference, i);
  checkHashes(scan, expected);
}

function checkRow(scan: KernelScan, body: Uint8Array, reference: ReferenceRow, i: number): void {
  const row = scan.row(i);
  for (const key of ['timeUnixNano', 'startTimeUnixNano', 'value', 'count', 'hasNoRecordedValue'] as const) {
    assert.deepEqual(row[key], reference[key], key);
  }
  const ranges = scan.ranges(i);
  assert.equal(ranges.data, reference.data);
  assert.equal(ranges.temporality, reference.temporality);
  assert.equal(ranges.isMonotonic, reference.isMonotonic);
  assert.equal(Buffer.from(body.subarray(...ranges.name)).toString(), reference.name);
  assert.equal(Buffer.from(body.subarray(...ranges.unit)).toString(), reference.unit);
  assert.equal(referenceOf(scan, body, i).name, reference.name);
}

/** The row's ranges, decoded on their own. */
function referenceOf(scan: KernelScan, body: Uint8Array, i: number): opentelemetry.proto.metrics.v1.IMetric {
  const { resource, scope, metric } = scan.ranges(i);
  opentelemetry.proto.resource.v1.Resource.decode(body.subarray(...resource));
  opentelemetry.proto.common.v1.InstrumentationScope.decode(body.subarray(...scope));
  return opentelemetry.proto.metrics.v1.Metric.decode(body.subarray(...metric));
}

/** Rows have equal hashes exactly where they are of one series. */
function checkHashes(scan: KernelScan, expected: readonly ReferenceRow[]): void {
  const byIdentity = new Map<string, bigint>();
  const byHash = new Map<bigint, string>();
  expected.forEach(({ identity }, i) => {
    const { hash } = scan.row(i);
    assert.equal(byIdentity.get(identity) ?? hash, hash, `one series, two hashes: ${identity}`);
    assert.equal(byHash.get(hash) ?? identity, identity, `two series, one hash: ${hash}`);
    byIdentity.set(identity, hash);
    byHash.set(hash, identity);
  });
}

for (const signal of ['metrics', 'traces', 'logs'] as const) {
  test(`${signal}: arbitrary requests are taken and counted`, () => {
    fc.assert(
      fc.property(ARBITRARY[signal], (message) => {
        compare(signal, encode(signal, message));
      }),
      { numRuns: 200 },
    );
  });

  test(`${signal}: mutated bodies are taken or refused as protobufjs does`, () => {
    fc.assert(
      fc.property(ARBITRARY[signal], fc.array(mutation, { minLength: 1, maxLength: 3 }), (message, mutations) => {
        compare(signal, mutations.reduce(mutate, encode(signal, message)));
      }),
      { numRuns: 1500 },
    );
  });

  test(`${signal}: every truncation of a body`, () => {
    const body = encode(signal, fc.sample(ARBITRARY[signal], { numRuns: 40, seed: 7 }).at(-1));
    for (let end = 0; end <= body.length; end++) compare(signal, body.slice(0, end));
  });
}

test('metrics: every row as protobufjs reads it', () => {
  fc.assert(
    fc.property(metricsRequest, (message) => checkRows(encode('metrics', message))),
    { numRuns: 300 },
  );
});

test('metrics: every row of a mutated body as protobufjs reads it', () => {
  let taken = 0;
  fc.assert(
    fc.property(metricsRequest, mutation, (message, change) => {
      const body = mutate(encode('metrics', message), change);
      const expected = attempt(() => referenceRows(body));
      if (expected === undefined) return;
      taken++;
      const scan = kernel.scan('metrics', body);
      assert.equal(scan.items, expected.length);
      expected.forEach((reference, i) => {
        const row = scan.row(i);
        for (const key of ['timeUnixNano', 'startTimeUnixNano', 'value', 'count'] as const) {
          assert.deepEqual(row[key], reference[key], key);
        }
      });
    }),
    { numRuns: 600 },
  );
  assert.ok(taken > 30, `only ${taken} mutated bodies were well-formed`);
});

test('no scan writes behind a region', () => {
  const wasm = loadKernel();
  assert.equal(wasm.init(4, 4, 1, 1 << 20), Status.OK);
  const address = wasm.inputFor(1 << 16);
  const bytes = new Uint8Array(wasm.memory.buffer);
  for (let seed = 1; seed <= 50; seed++) {
    for (let i = 0; i < 1 << 12; i++) bytes[address + i] = (i * seed * 2_654_435_761) >>> 13;
    for (let size = 0; size < 1 << 12; size += 97) {
      wasm.scanMetrics(address, size, 0);
      wasm.scanTraces(address, size);
      wasm.scanLogs(address, size);
    }
  }
  assert.equal(wasm.brokenGuard(), -1);
  bytes[wasm.regionAddress(2) + wasm.regionBytes(2)]! ^= 1;
  assert.equal(wasm.brokenGuard(), 2);
});
