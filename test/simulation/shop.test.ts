import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { opentelemetry } from '#proto';
import {
  ERROR_BURST,
  type Fault,
  LOST_THROUGHPUT,
  MILD_SLOWDOWN,
  SLOW_PAYMENT,
  UNEXPECTED_CALL,
} from '../../src/simulation/faults.js';
import { PixieSink, PROTOCOLS } from '../../src/simulation/pixie-rows.js';
import { EDGES, SERVICES } from '../../src/simulation/shop.js';
import { type EdgeWindow, ShopTraffic } from '../../src/simulation/traffic.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const START = 1_793_491_200;

interface Totals {
  requests: number;
  errors: number;
  latency: number;
  bytes: number;
}

/** Sums over windows by edge, `latency` weighted with requests. */
function totals(windows: readonly EdgeWindow[]): Map<string, Totals> {
  const sums = new Map<string, Totals>();
  for (const { edge, requests, errors, latency, requestBytes } of windows) {
    const key = `${edge.source ?? 'outside'} ${edge.destination}`;
    const sum = sums.get(key) ?? { requests: 0, errors: 0, latency: 0, bytes: 0 };
    sum.requests += requests;
    sum.errors += errors;
    sum.latency += requests * latency;
    sum.bytes += requestBytes;
    sums.set(key, sum);
  }
  return sums;
}

function run(faults: readonly Fault[], windows = 60, seed = 1): Map<string, Totals> {
  const traffic = new ShopTraffic({ seed, windowSeconds: 10 });
  return totals(Array.from({ length: windows }, (_, i) => traffic.next(START + 10 * i, faults)).flat());
}

/** Mean latency, requests and share of errors with the fault over those without. */
function change(fault: Fault, edge: string): { latency: number; requests: number; errorShare: number } {
  const [before, after] = [run([]).get(edge)!, run([fault]).get(edge)!];
  return {
    latency: after.latency / after.requests / (before.latency / before.requests),
    requests: after.requests / before.requests,
    errorShare: after.errors / after.requests - before.errors / before.requests,
  };
}

describe('shop', () => {
  it('has about a dozen services and twenty-five edges between them, callers listed first', () => {
    assert.equal(EDGES.length, 25);
    assert.ok(SERVICES.length >= 12);
    const rank = (name: string): number => SERVICES.findIndex((service) => service.name === name);
    for (const { source, destination } of EDGES) {
      assert.ok(source === undefined || rank(source) < rank(destination), `${source} → ${destination}`);
    }
  });

  it('carries at least ten requests a second on every edge', () => {
    const sums = run([], 8640 / 4);
    assert.equal(sums.size, 25);
    for (const [edge, { requests }] of sums)
      assert.ok(requests / (10 * 2160) > 10, `${edge}: ${requests / 21_600} req/s`);
  });

  it('is the same for the same seed and another for another', () => {
    assert.deepEqual(run([SLOW_PAYMENT], 5), run([SLOW_PAYMENT], 5));
    assert.notDeepEqual(run([], 5), run([], 5, 2));
  });

  it('is slow from the slow service up to its callers', () => {
    assert.ok(change(SLOW_PAYMENT, 'checkout payment').latency > 2.5);
    const caller = change(SLOW_PAYMENT, 'frontend checkout').latency;
    assert.ok(caller > 1.2 && caller < change(SLOW_PAYMENT, 'checkout payment').latency);
    assert.ok(Math.abs(change(SLOW_PAYMENT, 'frontend ad').latency - 1) < 0.1);
  });

  it('loses throughput on the edge and behind it', () => {
    for (const edge of ['frontend recommendation', 'recommendation redis']) {
      assert.ok(Math.abs(change(LOST_THROUGHPUT, edge).requests - 0.1) < 0.03, edge);
    }
    assert.ok(Math.abs(change(LOST_THROUGHPUT, 'frontend ad').requests - 1) < 0.1);
  });

  it('fails where it should', () => {
    assert.ok(Math.abs(change(ERROR_BURST, 'frontend cart').errorShare - 0.2) < 0.03);
    assert.ok(change(ERROR_BURST, 'frontend checkout').errorShare > 0.05);
    assert.ok(Math.abs(change(MILD_SLOWDOWN, 'checkout shipping').latency - 1.1) < 0.1);
  });

  it('has one edge more while a service calls one that it never called', () => {
    assert.equal(run([]).has('ad payment'), false);
    assert.ok(Math.abs(run([UNEXPECTED_CALL]).get('ad payment')!.requests / 600 - 3) < 1);
  });
});

describe('PixieSink', () => {
  const traffic = new ShopTraffic({ seed: 1, windowSeconds: 10 });
  const windows = traffic.next(START, []);
  const sink = new PixieSink(1);
  const end = BigInt(START) * 1_000_000_000n;
  const requests = PROTOCOLS.map((protocol) =>
    ExportMetricsServiceRequest.toObject(ExportMetricsServiceRequest.decode(sink.request(protocol, windows, end)), {
      longs: String,
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: plain objects of a decoded message
  const rows = requests.flatMap((request) => request.resourceMetrics as any[]);

  it('sends a row a pair of pods, with one scope and one point a metric', () => {
    assert.ok(rows.length > 50, `${rows.length} rows`);
    for (const { scopeMetrics } of rows) {
      assert.equal(scopeMetrics.length, 1);
      assert.equal(scopeMetrics[0].scope, undefined);
      for (const metric of scopeMetrics[0].metrics) {
        const points = (metric.gauge ?? metric.summary).dataPoints;
        assert.equal(points.length, 1);
        assert.equal(points[0].timeUnixNano, String(end));
        assert.equal(points[0].startTimeUnixNano, undefined);
      }
    }
  });

  it("puts the cloud's address and the service's name last", () => {
    const keys = rows.map(({ resource }) => resource.attributes.map((a: { key: string }) => a.key).join(' '));
    assert.deepEqual(
      new Set(keys),
      new Set([
        'k8s.pod.name k8s.namespace.name px.cluster.id k8s.cluster.name instrumentation.provider px.cloud.address service.name',
      ]),
    );
  });

  it('sends every request of the windows once, whatever the pods', () => {
    const sent = new Map<string, number>();
    for (const { scopeMetrics } of rows) {
      for (const metric of scopeMetrics[0].metrics) {
        const what = metric.name.split('.').pop() as string;
        const point = (metric.gauge ?? metric.summary).dataPoints[0];
        sent.set(what, (sent.get(what) ?? 0) + Number(point.asInt ?? point.count));
      }
    }
    const all = (pick: (window: EdgeWindow) => number): number => windows.reduce((sum, w) => sum + pick(w), 0);
    assert.equal(
      sent.get('latency'),
      all((w) => w.requests),
    );
    assert.equal(
      sent.get('requests'),
      all((w) => w.requests),
    );
    const http = windows.filter(({ edge }) => !['redis', 'postgres'].includes(edge.destination));
    assert.equal(
      sent.get('errors'),
      http.reduce((sum, w) => sum + w.errors, 0),
    );
    const bytes = http.reduce((sum, w) => sum + w.requestBytes, 0);
    assert.ok(Math.abs(sent.get('req_bytes')! / bytes - 1) < 1e-3);
  });
});
