// The kernel's walk of a request beside protobufjs and, over many requests, beside the protobuf of Python.
import assert from 'node:assert/strict';
import { opentelemetry } from '#proto';
import { MalformedError } from '../../src/kernel/errors.js';
import type { KernelScan } from '../../src/kernel/scan.js';
import type { Signal } from '../../src/pipeline/index.js';
import { type ReferenceRow, referenceRows } from '../../test/reference/decode.js';
import { smallKernel } from '../../test/support/kernels.js';
import { makeOracle } from '../../test/support/protobuf-oracle.js';
import { mutateProtobuf } from '../mutators/protobuf.js';
import { requestSeeds } from '../seeds.js';
import type { Target } from '../target.js';
import { SecondOpinion } from './second-opinion.js';

makeOracle();

const { collector } = opentelemetry.proto;

const COUNT: Readonly<Record<Signal, (body: Uint8Array) => number>> = {
  metrics: (body) => referenceRows(body).length,
  traces: (body) =>
    collector.trace.v1.ExportTraceServiceRequest.decode(body)
      .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans ?? [])
      .reduce((sum, { spans }) => sum + (spans?.length ?? 0), 0),
  logs: (body) =>
    collector.logs.v1.ExportLogsServiceRequest.decode(body)
      .resourceLogs.flatMap(({ scopeLogs }) => scopeLogs ?? [])
      .reduce((sum, { logRecords }) => sum + (logRecords?.length ?? 0), 0),
};

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function protobufTarget(signal: Signal): Target {
  const kernel = smallKernel();
  const opinion = new SecondOpinion(signal);
  const scan = (body: Uint8Array): number | undefined => {
    try {
      return kernel.scan(signal, body).items;
    } catch (error) {
      assert.ok(error instanceof MalformedError, String(error));
      assert.ok(error.offset >= 0 && error.offset <= body.length, `offset ${error.offset} of ${body.length}`);
      return undefined;
    }
  };
  return {
    name: `protobuf-${signal}`,
    proves: `the kernel takes, refuses and counts ${signal} as protobufjs and Python's protobuf do${signal === 'metrics' ? ', and reads every row as protobufjs does, also when it comes again' : ''}`,
    seeds: () => requestSeeds(signal),
    mutate: mutateProtobuf,
    run: (input) => {
      const body = Uint8Array.from(input);
      const expected = attempt(() => COUNT[signal](body));
      assert.equal(scan(body), expected, 'items, or none where it is malformed');
      opinion.ask(body, expected);
      if (signal !== 'metrics' || !expected) return;
      const rows = referenceRows(body);
      // The second and third time it may be known as a template.
      for (const again of [body, body.slice(), body.slice()]) {
        assert.equal(scan(again), expected);
        const scanned = kernel.scan('metrics', again);
        for (const [i, row] of rows.slice(0, scanned.rows).entries()) checkRow(scanned, row, i);
      }
    },
    settle: () => opinion.settle(),
  };
}

function checkRow(scan: KernelScan, reference: ReferenceRow, i: number): void {
  const row = scan.row(i);
  for (const key of ['timeUnixNano', 'startTimeUnixNano', 'value', 'count', 'hasNoRecordedValue'] as const)
    assert.deepEqual(row[key], reference[key], key);
}

export const targets: readonly Target[] = (['metrics', 'traces', 'logs'] as const).map(protobufTarget);
