// Options and bounds that decide what is said, end to end on the kernel.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bench, type Event, metricsRequest, pixieRow } from '../../support/anomaly.js';
import { gauge, sum, summary } from '../../support/otlp.js';
import { type Change, fault, PAYMENT, START, shopRequest, steady, WINDOW } from '../../support/shop.js';

interface Run {
  readonly bench: Bench;
  readonly events: Event[];
  /** "state kind of destination", in order. */
  readonly said: string[];
}

async function run(
  written: object,
  windows: number,
  change: Change,
  headers: (i: number) => Record<string, string> = () => ({}),
): Promise<Run> {
  const bench = new Bench(written);
  await bench.processor.start();
  for (let i = 0; i < windows; i++) await bench.send(shopRequest(i, change), headers(i));
  await bench.processor.flush();
  await bench.processor.shutdown();
  const { events } = bench.sink;
  const said = events
    .filter(({ name }) => name.startsWith('px.anomaly.network.'))
    .map(({ attributes: a }) => `${a['anomaly.state']} ${a['anomaly.kind']} of ${a.dst_service}`);
  return { bench, events, said };
}

const SLOW = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 6 }));
const STARTED = 'started latency_spike of payment';

describe('kinds', () => {
  const cases: [string, Change][] = [
    ['latency_spike', SLOW],
    ['error_rate_spike', fault(300, 306, PAYMENT, (w) => ({ ...w, errors: Math.round(w.requests! * 0.4) }))],
    ['byte_count_spike', fault(300, 306, PAYMENT, (w) => ({ ...w, bytes: w.bytes! * 6 }))],
    ['byte_count_drop', fault(300, 306, PAYMENT, (w) => ({ ...w, bytes: Math.round(w.bytes! / 20) }))],
    [
      'throughput_drop',
      fault(300, 306, PAYMENT, (w) => ({
        requests: Math.round(w.requests! / 10),
        latency: w.latency!,
        errors: 0,
        bytes: Math.round(w.bytes! / 10),
      })),
    ],
    [
      'throughput_spike',
      fault(300, 306, PAYMENT, (w) => ({
        ...w,
        requests: w.requests! * 12,
        bytes: w.bytes! * 12,
        errors: w.errors! * 12,
      })),
    ],
  ];
  for (const [kind, change] of cases) {
    test(kind, async () => {
      const { said } = await run({}, 340, change);
      assert.ok(said.includes(`started ${kind} of payment`), said.join('; '));
    });
  }

  test('a silent edge is a throughput_drop that observed nothing', async () => {
    const { events } = await run(
      {},
      1700,
      fault(1600, 1620, PAYMENT, () => undefined),
    );
    const [started] = events.filter(({ attributes }) => attributes['anomaly.kind'] === 'throughput_drop');
    assert.ok(started);
    assert.equal(started.attributes['anomaly.observed'], 0);
    assert.equal(started.attributes['anomaly.detector'], 'gap');
    assert.match(
      started.body,
      /^shop\/checkout sent nothing to shop\/payment in 10 s \(expected (?:29|30|31)\d requests\); score 0\.\d+\.$/,
    );
  });
});

describe('what an option changes', () => {
  test('nothing said by default is said twice', async () => {
    const { said } = await run({}, 340, SLOW);
    assert.deepEqual(said, [STARTED, 'resolved latency_spike of payment']);
  });

  test('ongoing_events: one each window', async () => {
    const { said } = await run({ ongoing_events: true }, 340, SLOW);
    assert.ok(said.filter((line) => line === 'ongoing latency_spike of payment').length >= 5, said.join('; '));
  });

  test('threshold', async () => {
    const mild = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 2.9 }));
    assert.ok((await run({ threshold: 0.9 }, 340, mild)).said.includes(STARTED));
    assert.deepEqual((await run({ threshold: 0.999 }, 340, mild)).said, []);
  });

  test('thresholds by kind', async () => {
    const mild = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 2.9 }));
    assert.deepEqual((await run({ thresholds: { latency_spike: 0.999 } }, 340, mild)).said, []);
  });

  test('rules: mute', async () => {
    assert.deepEqual((await run({ rules: [{ match: { destination: 'payment' }, mute: true }] }, 340, SLOW)).said, []);
    assert.ok(
      (await run({ rules: [{ match: { destination: 'cart' }, mute: true }] }, 340, SLOW)).said.includes(STARTED),
    );
  });

  test('rules: a schedule in event time', async () => {
    const clock = (i: number) => new Date((START + i * WINDOW) * 1000).toISOString().slice(11, 16);
    const rule = (from: number, to: number) => ({
      rules: [{ match: {}, mute: true, schedule: [{ from: clock(from), to: clock(to) }] }],
    });
    assert.deepEqual((await run(rule(290, 330), 340, SLOW)).said, []);
    assert.ok((await run(rule(100, 200), 340, SLOW)).said.includes(STARTED));
  });

  test('min_requests', async () => {
    assert.deepEqual((await run({ min_requests: 1000 }, 340, SLOW)).said, []);
  });

  test('min_deviation', async () => {
    assert.deepEqual((await run({ min_deviation: { latency: { absolute: '1s' } } }, 340, SLOW)).said, []);
    assert.deepEqual((await run({ min_deviation: { latency: { relative: 20 } } }, 340, SLOW)).said, []);
    assert.ok((await run({ min_deviation: { latency: { absolute: '50ms' } } }, 340, SLOW)).said.includes(STARTED));
  });

  test('detectors: a detector that is off opens nothing', async () => {
    assert.deepEqual((await run({ detectors: { zscore: { enabled: false } } }, 340, SLOW)).said, []);
  });

  test('cool_down: the same kind of the same edge is not announced again so soon', async () => {
    const twice: Change = (i, edge, w) =>
      edge === PAYMENT && ((i >= 300 && i < 306) || (i >= 360 && i < 366)) ? { ...w, latency: w.latency! * 8 } : w;
    const starts = ({ said }: Run) => said.filter((line) => line === STARTED).length;
    assert.equal(starts(await run({}, 400, twice)), 2);
    assert.equal(starts(await run({ cool_down: '1h' }, 400, twice)), 1);
    assert.equal(starts(await run({ cool_down: '1m' }, 400, twice)), 2);
  });

  test('export_top and export_interval', async () => {
    const { bench } = await run({ export_top: 2, export_interval: '30s' }, 100, (_i, _e, w) => w);
    const scores = bench.sink.points.filter(({ name }) => name === 'px.anomaly.score');
    const times = [...new Set(scores.map(({ time }) => time))];
    assert.ok(times.slice(1).every((time, i) => time - times[i]! === 30));
    assert.ok(times.every((time) => scores.filter((point) => point.time === time).length === 2));
  });

  test('export_bands: all edges', async () => {
    const { bench } = await run({ export_bands: 'all' }, 100, (_i, _e, w) => w);
    const last = bench.sink.points.filter(({ name }) => name === 'px.anomaly.expected').slice(-16);
    assert.equal(
      new Set(last.map(({ attributes }) => `${attributes.dst_service} ${attributes['anomaly.feature']}`)).size,
      16,
    );
  });

  test('mute: namespaces', async () => {
    const { bench } = await run({ mute: { namespaces: ['shop'] } }, 70, (_i, _e, w) => w);
    assert.equal(bench.processor.status().edges, 0);
  });
});

describe('a sender', () => {
  test('sets the threshold of its cluster; another cluster is not disturbed', async () => {
    const bench = new Bench();
    await bench.processor.start();
    const mild = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 2.9 }));
    for (let i = 0; i < 340; i++) {
      await bench.send(shopRequest(i, mild, { 'px.cluster.id': 'strict' }), { 'x-pxanomaly-threshold': '0.999' });
      await bench.send(shopRequest(i, mild, { 'px.cluster.id': 'plain' }));
    }
    await bench.processor.flush();
    const clusters = bench.sink.events
      .filter(({ name }) => name === 'px.anomaly.network.latency_spike')
      .map(({ attributes }) => attributes['px.cluster.id']);
    assert.deepEqual(new Set(clusters), new Set(['plain']));
    await bench.processor.shutdown();
  });

  test('the newest settings win', async () => {
    const headers = (i: number) => ({ 'x-pxanomaly-threshold': i < 200 ? '0.9' : '0.999' });
    const mild = fault(300, 306, PAYMENT, (w) => ({ ...w, latency: w.latency! * 2.9 }));
    assert.deepEqual((await run({}, 340, mild, headers)).said, []);
  });

  test('sets how often scores go out', async () => {
    const { bench } = await run(
      {},
      100,
      (_i, _e, w) => w,
      () => ({ 'x-pxanomaly-export-interval': '20s' }),
    );
    const times = [
      ...new Set(bench.sink.points.filter(({ name }) => name === 'px.anomaly.score').map(({ time }) => time)),
    ];
    assert.ok(
      times.slice(2).every((time, i) => time - times[i + 1]! === 20),
      times.join(),
    );
  });

  test('a bad value refuses the request', async () => {
    const bench = new Bench();
    await bench.processor.start();
    await assert.rejects(
      bench.send(shopRequest(0), { 'x-pxanomaly-threshold': '2' }),
      /x-pxanomaly-threshold: "2" is not allowed/,
    );
    assert.equal(bench.sink.batches.length, 0);
    await bench.processor.shutdown();
  });
});

describe('unexpected edges', () => {
  const late = (i: number) =>
    pixieRow('shop/catalog', 'shop/payment', START + i * WINDOW, { requests: 20, latency: 0.01 });
  async function withNew(written: object, firstAt: number, block = late): Promise<Event[]> {
    const bench = new Bench(written);
    await bench.processor.start();
    for (let i = 0; i < firstAt + 20; i++) {
      await bench.send(shopRequest(i));
      if (i >= firstAt) await bench.send(metricsRequest(block(i)));
    }
    await bench.processor.flush();
    await bench.processor.shutdown();
    const gauge = bench.sink.points
      .filter(({ name }) => name === 'px.anomaly.network.unexpected_edge')
      .map(({ value }) => value);
    const events = bench.sink.events.filter(({ name }) => name === 'px.anomaly.network.unexpected_edge');
    assert.deepEqual(gauge, events.length > 0 ? [1, 0] : []);
    return events;
  }

  test('between well-known services, once', async () => {
    const events = await withNew({ detectors: { new_edge: { learn_for: '30m' } } }, 400);
    assert.equal(events.length, 1);
    assert.equal(events[0]!.attributes.src_service, 'catalog');
    assert.equal(events[0]!.attributes.dst_service, 'payment');
    assert.equal(events[0]!.attributes['anomaly.detector'], 'new_edge');
    assert.match(
      events[0]!.body,
      /^shop\/catalog called shop\/payment for the first time in [\d.]+ min of watching\.$/,
    );
  });

  test('not while learning', async () => {
    assert.deepEqual(await withNew({ detectors: { new_edge: { learn_for: '2h' } } }, 400), []);
  });

  test('not where an end is younger than 360 windows', async () => {
    assert.deepEqual(await withNew({ detectors: { new_edge: { learn_for: '30m' } } }, 350), []);
    const young = (i: number) => pixieRow('shop/catalog', 'shop/brand-new', START + i * WINDOW, { requests: 20 });
    assert.deepEqual(await withNew({ detectors: { new_edge: { learn_for: '30m' } } }, 400, young), []);
  });

  test('not to or from outside', async () => {
    const outside = (i: number) => pixieRow('shop/catalog', '', START + i * WINDOW, { requests: 20 });
    assert.deepEqual(await withNew({ detectors: { new_edge: { learn_for: '30m' } } }, 400, outside), []);
  });

  test('not where it is allowed, or the detector is off', async () => {
    const allow = [{ source: 'shop/catalog', destination: 'pay*' }];
    assert.deepEqual(await withNew({ detectors: { new_edge: { learn_for: '30m', allow } } }, 400), []);
    assert.deepEqual(await withNew({ detectors: { new_edge: { learn_for: '30m', enabled: false } } }, 400), []);
  });
});

describe('feeds of one feature', () => {
  const resource = { 'service.name': 'shop/checkout' };
  const attributes = { src_service: 'shop/frontend' };

  test('the most trusted is heard, others are shadowed and shown', async () => {
    const bench = new Bench();
    await bench.processor.start();
    for (let i = 0; i < 80; i++) {
      const time = START + i * WINDOW;
      const metrics = [
        summary('edge.latency', { attributes, time, unit: 'ms', count: 40, sum: 400 }),
        gauge('http.edge.requests', 500, { attributes, time }),
        gauge('edge.requests', 100, { attributes, time }),
      ];
      await bench.send(metricsRequest({ resource, metrics }));
    }
    await bench.processor.flush();
    const [edge] = bench.processor.edges();
    assert.equal(edge!.features.requests, 'edge/edge.requests');
    assert.equal(edge!.features.latency, 'edge/edge.latency');
    assert.deepEqual(edge!.shadowed.requests, ['http.edge']);
    assert.ok(bench.processor.status().points.shadowed > 0);
    await bench.processor.shutdown();
  });

  test('another window length is not mixed in', async () => {
    const bench = new Bench();
    await bench.processor.start();
    for (let i = 0; i < 80; i++) {
      const time = START + i * WINDOW;
      await bench.send(metricsRequest({ resource, metrics: [gauge('edge.requests', 100, { attributes, time })] }));
      const point = { client: 'shop/frontend', server: 'shop/checkout', failed: false };
      if (i % 6 === 0) {
        const total = sum('traces_service_graph_request_total', 100 * i, { attributes: point, time });
        await bench.send(metricsRequest({ resource: {}, metrics: [total] }));
      }
    }
    const status = bench.processor.status();
    assert.equal(status.edges, 1);
    assert.equal(status.bounds.otherWindow, 1);
    await bench.processor.shutdown();
  });

  test('a better rule with another window takes a young edge over', async () => {
    const bench = new Bench();
    await bench.processor.start();
    const point = { client: 'shop/frontend', server: 'shop/checkout', failed: false };
    await bench.send(
      metricsRequest({
        resource: {},
        metrics: [sum('traces_service_graph_request_total', 1, { attributes: point, time: START })],
      }),
    );
    assert.equal(bench.processor.status().feeds.length, 1);
    await bench.send(metricsRequest({ resource, metrics: [gauge('edge.requests', 100, { attributes, time: START })] }));
    const [edge] = bench.processor.edges();
    assert.equal(bench.processor.status().edges, 1);
    assert.equal(edge!.features.requests, 'edge/edge.requests');
    await bench.processor.shutdown();
  });
});

test('beyond max_edges the longest dormant edge gives way, and its name is remembered', async () => {
  const bench = new Bench({ max_edges: 64 });
  await bench.processor.start();
  // Different numbers: rows that are equal but for the service are copies of one.
  const row = (name: string, i: number) =>
    pixieRow('shop/frontend', `shop/${name}`, START + i * WINDOW, { requests: 50, bytes: Number.parseInt(name, 36) });
  for (let i = 0; i < 70; i++) {
    const rows = Array.from({ length: 64 }, (_, edge) => row(`s${edge}`, i));
    await bench.send(metricsRequest(...(i < 5 ? rows : rows.slice(1))));
  }
  assert.equal(bench.processor.status().edges, 64);
  await bench.send(metricsRequest(row('new', 70), row('newer', 70)));
  const status = bench.processor.status();
  assert.equal(status.edges, 64);
  assert.equal(status.bounds.evicted, 1);
  assert.equal(status.bounds.edges, 2, 'both series of the second find no dormant edge');
  const names = bench.processor.edges().map(({ edge }) => edge);
  assert.ok(names.includes('shop/frontend → shop/new') && !names.includes('shop/frontend → shop/s0'));
  await bench.processor.shutdown();
});

test('a service without edges of its own is scored as a whole', async () => {
  const bench = new Bench();
  await bench.processor.start();
  const resource = { 'service.name': 'shop/db', 'px.cluster.id': 'c', 'k8s.namespace.name': 'shop' };
  for (let i = 0; i < 100; i++) {
    const time = START + i * WINDOW;
    const bytes = (steady(i, 0).bytes ?? 0) * i;
    await bench.send(
      metricsRequest({ resource, metrics: [gauge('network_stats.rx_bytes', bytes, { time, unit: 'By' })] }),
    );
  }
  await bench.processor.flush();
  const scores = bench.sink.points.filter(({ name }) => name === 'px.anomaly.score');
  const { attributes } = scores.at(-1)!;
  assert.deepEqual(attributes, {
    src_service: '',
    dst_service: 'db',
    namespace: 'shop',
    src_namespace: '',
    'px.cluster.id': 'c',
  });
  await bench.processor.shutdown();
});

test('beyond max_groups further clusters are counted, not remembered', async () => {
  const bench = new Bench({ max_groups: 4 });
  await bench.processor.start();
  for (let i = 0; i < 10; i++) await bench.send(shopRequest(0, undefined, { 'px.cluster.id': `c${i}` }));
  const { clusters, bounds, edges } = bench.processor.status();
  assert.equal(clusters.length, 4);
  assert.equal(edges, 16);
  assert.equal(bounds.groups, 6 * 16, 'each series of the other six');
  await bench.processor.shutdown();
});
