// Names, globs, units, attributes: the small things that decide what an edge is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bounded, lookUp, parseReference, readAttributes } from '../../../src/detection/rules/attributes.js';
import { type Condition, compileConditions } from '../../../src/detection/rules/conditions.js';
import { compileGlob } from '../../../src/detection/rules/glob.js';
import { formatService, isAddress, parseService } from '../../../src/detection/rules/names.js';
import { compilePlaceholders } from '../../../src/detection/rules/placeholders.js';
import { compileMetricName, valueUnder } from '../../../src/detection/rules/spellings.js';
import { unitFactor, unitOf, unitOfName } from '../../../src/otlp/units.js';
import { keyValues } from '../../support/otlp.js';
import fc from '../../support/property.js';

describe('service names', () => {
  const cases: [text: string, namespace: string, service: string][] = [
    ['shop/checkout', '', 'shop/checkout'],
    ['shop/checkout', 'other', 'shop/checkout'],
    ['checkout', 'shop', 'shop/checkout'],
    ['checkout', '', 'checkout'],
    ['["shop/b","shop/a"]', '', 'shop/a'],
    ['["a"]', 'shop', 'shop/a'],
    ['[]', 'shop', 'external'],
    ['[broken', 'shop', 'shop/[broken'],
    ['', 'shop', 'external'],
    ['10.0.0.1', 'shop', 'external'],
    ['10.0.0.1:8080', '', 'external'],
    ['::1', '', 'external'],
    ['fe80::1%eth0', '', 'external'],
    ['checkout.shop.svc.cluster.local', '', 'shop/checkout'],
    ['checkout.shop.svc', 'other', 'shop/checkout'],
    ['api.example.com', '', 'api.example.com'],
    ['/x', '', '/x'],
    ['x/', '', 'x/'],
    ['a/b/c', '', 'a/b/c'],
    // Ports, schemes, paths.
    ['orders:8080', 'shop', 'shop/orders'],
    ['orders:8080/v1', 'shop', 'shop/orders'],
    ['shop/orders:8080', '', 'shop/orders'],
    ['http://orders.shop.svc.cluster.local:8080/v1?x=1', '', 'shop/orders'],
    ['HTTPS://user:secret@Api.Example.com/pay', '', 'api.example.com'],
    ['jdbc:postgresql://db.example.com:5432/orders', '', 'db.example.com'],
    ['mongodb://db-0.db.shop.svc:27017', '', 'shop/db'],
    ['dns:///orders.shop.svc.cluster.local:8080', '', 'shop/orders'],
    ['dns://10.0.0.10/orders.shop.svc:8080', '', 'shop/orders'],
    ['dns:orders:8080', 'shop', 'shop/orders'],
    ['dns:53', 'kube-system', 'kube-system/dns'],
    ['passthrough:///orders:8080', 'shop', 'shop/orders'],
    ['xds:///orders.shop.svc', '', 'shop/orders'],
    ['kubernetes:///orders.shop:8080', 'shop', 'shop/orders'],
    ['ipv4:10.0.0.1:80', '', 'external'],
    ['unix:///var/run/x.sock', '', 'external'],
    ['outbound|8080|v1|orders.shop.svc.cluster.local', '', 'shop/orders'],
    ['inbound|8080||', '', 'external'],
    ['[::1]:8080', '', 'external'],
    ['localhost:8080', 'shop', 'external'],
    ['api.example.com:443', 'shop', 'shop/api.example.com'],
    ['db.abc123.eu-west-1.rds.amazonaws.com:5432', '', 'db.abc123.eu-west-1.rds.amazonaws.com'],
    ['WIN-7Q2:1433', '', 'WIN-7Q2'],
    // Ports by name, further hosts, settings.
    ['orders.shop.svc.cluster.local:http', '', 'shop/orders'],
    ['unknown_service:java', 'shop', 'shop/unknown_service:java'],
    ['orders.shop.svc.cluster.local/v1/x', '', 'shop/orders'],
    ['orders.shop.svc?x=1', '', 'shop/orders'],
    ['orders:8080:grpc', 'shop', 'shop/orders'],
    ['//orders:8080', 'shop', 'shop/orders'],
    ['kafka-0.kafka.data.svc:9092,kafka-1.kafka.data.svc:9092', '', 'data/kafka'],
    ['kafka-0.kafka.data.svc,kafka-1.kafka.data.svc', '', 'data/kafka'],
    ['mongodb://db-0.db.shop.svc:27017,db-1.db.shop.svc:27017/x?replicaSet=rs', '', 'shop/db'],
    ['jdbc:sqlserver://db:1433;databaseName=x', 'shop', 'shop/db'],
    ['jdbc:oracle:thin:@db:1521:sid', 'shop', 'shop/db'],
    ['jdbc:oracle:thin:@//db.shop.svc:1521/x', '', 'shop/db'],
    ['outbound_.8080_.v1_.orders.shop.svc.cluster.local', '', 'shop/orders'],
    ['10.0.0.0/8', '', 'external'],
    ['fd00::/64', '', 'external'],
    ['ip-10-0-0-1', 'shop', 'external'],
    // Cluster DNS.
    ['orders.shop.svc.cluster.local.', '', 'shop/orders'],
    ['Orders.Shop.SVC.cluster.local', '', 'shop/orders'],
    ['orders.shop.svc.foo.bar', '', 'shop/orders'],
    ['orders.shop.svc.clusterset.local:80', '', 'shop/orders'],
    ['_grpc._tcp.orders.shop.svc', '', 'shop/orders'],
    ['orders.shop', 'shop', 'shop/orders'],
    ['orders.shop', '', 'orders.shop'],
    // Members of a StatefulSet, pods, machines.
    ['mysql-0.mysql.shop.svc.cluster.local', '', 'shop/mysql'],
    ['mysql-1.mysql-headless.shop.svc.cluster.local:3306', '', 'shop/mysql'],
    ['mysql-0.mysql', 'shop', 'shop/mysql'],
    ['mysql-0.mysql.shop', 'shop', 'shop/mysql'],
    ['kafka-broker-2.kafka.data.svc', '', 'data/kafka'],
    ['10-0-0-1.orders.shop.svc.cluster.local', '', 'shop/orders'],
    ['10-0-0-1.shop.pod.cluster.local', 'shop', 'external'],
    ['2001-db8--1.shop.pod', '', 'external'],
    ['ip-10-0-0-1.eu-west-1.compute.internal', '', 'external'],
    // A name alone is a name.
    ['orders-0', 'shop', 'shop/orders-0'],
    ['Orders', '', 'Orders'],
    ['orders-v1.5', '', 'orders-v1.5'],
    // Nobody.
    ['unknown', 'unknown', 'external'],
    ['shop/unknown', '', 'external'],
    ['orders', 'unknown', 'orders'],
    ['outgoing', '', 'external'],
    ['incoming', 'shop', 'external'],
    ['-', '', 'external'],
    ['n/a', '', 'external'],
    ['PassthroughCluster', 'bookinfo', 'external'],
    ['BlackHoleCluster', '', 'external'],
    ['InboundPassthroughClusterIpv4', '', 'external'],
    ['reserved:world', '', 'external'],
    ['none', 'shop', 'external'],
    ['<nil>', '', 'external'],
    ['(null)', '', 'external'],
    ['*unknown*', '', 'external'],
    ['[unknown]', '', 'external'],
    ['orders', 'N/A', 'orders'],
    ['orders', '<none>', 'orders'],
    ['unknown_service:java', '', 'unknown_service:java'],
    ['user', '', 'user'],
  ];
  for (const [text, namespace, service] of cases) {
    test(`"${text}" in "${namespace}" is ${service}`, () => {
      assert.equal(formatService(parseService(text, namespace)), service);
    });
  }

  const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
  const piece = fc.oneof(
    label,
    fc.constantFrom(
      '.',
      ':',
      '/',
      '//',
      '://',
      ':8080',
      '.svc',
      '.pod',
      '.cluster.local',
      '|',
      '@',
      '[',
      ']',
      '"',
      ' ',
      '-0',
    ),
    fc.string({ maxLength: 3 }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

  test('taken again, a name stays what it is; it is never empty and never longer than the text', () => {
    fc.assert(
      fc.property(text, fc.option(label, { nil: '' }), (written, namespace) => {
        const once = parseService(written, namespace);
        assert.equal(formatService(parseService(formatService(once), '')), formatService(once));
        assert.ok(once.name !== '');
        if (formatService(once) === 'external') return;
        assert.ok(Buffer.byteLength(once.name) <= Buffer.byteLength(written));
        assert.ok(Buffer.byteLength(once.namespace) <= Buffer.byteLength(written) + Buffer.byteLength(namespace));
      }),
      { seed: 13, numRuns: 20_000 },
    );
  });

  test('scheme, port, path and domain never tell two services apart, and never make one of two', () => {
    const name = fc
      .stringMatching(/^[a-z][a-z0-9]{0,8}$/)
      .filter((text) => !/^(?:unknown|null|undefined|user)$/.test(text));
    const scheme = fc.constantFrom('', 'http://', 'dns:///', 'passthrough:///');
    const domain = fc.constantFrom('.svc', '.svc.cluster.local', '.svc.corp.example.', '.SVC.cluster.local');
    fc.assert(
      fc.property(
        name,
        name,
        scheme,
        domain,
        fc.integer({ min: 1, max: 65_535 }),
        (service, namespace, before, behind, port) => {
          const host = `${before}${service}.${namespace}${behind}:${port}`;
          assert.deepEqual(parseService(host, 'other'), { namespace, name: service });
          assert.deepEqual(parseService(`${service}:${port}`, namespace), { namespace, name: service });
        },
      ),
      { seed: 13 },
    );
  });

  test('names that a user gives stand for nobody too, and may be taken back', () => {
    const isPlaceholder = compilePlaceholders(['*.corp.example', 'edge/*', '!incoming']);
    const parse = (text: string) => formatService(parseService(text, '', isPlaceholder));
    assert.equal(parse('proxy.corp.example:3128'), 'external');
    assert.equal(parse('edge/lb'), 'external');
    assert.equal(parse('incoming'), 'incoming');
    assert.equal(parse('outgoing'), 'external');
  });

  test('any IPv4 address is one, with and without a port', () => {
    fc.assert(fc.property(fc.ipV4(), fc.nat(65_535), (ip, port) => isAddress(ip) && isAddress(`${ip}:${port}`)));
  });

  test('any IPv6 address is one, with and without a port', () => {
    fc.assert(fc.property(fc.ipV6(), fc.nat(65_535), (ip, port) => isAddress(ip) && isAddress(`[${ip}]:${port}`)));
  });
});

describe('globs', () => {
  test('stars capture, everything else stands for itself', () => {
    assert.deepEqual(compileGlob('*.edge.*')('http.edge.latency'), ['http', 'latency']);
    assert.deepEqual(compileGlob('a.b')('a.b'), []);
    assert.equal(compileGlob('a.b')('axb'), undefined);
    assert.equal(compileGlob('a?c')('abc')?.length, 0);
    assert.equal(compileGlob('*.latency')('latency'), undefined);
  });

  test('a text without stars matches itself alone', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const plain = a.replace(/[*?]/g, '');
        return compileGlob(plain)(plain) !== undefined && (compileGlob(plain)(b) !== undefined) === (plain === b);
      }),
    );
  });
});

describe('units', () => {
  test('times, sizes and counts', () => {
    assert.equal(unitFactor('ms', 'time')?.factor, 1e-3);
    assert.equal(unitFactor('By', 'time'), undefined);
    assert.equal(unitFactor('KiBy', 'size')?.factor, 1024);
    assert.equal(Math.round(unitFactor('By/ns', 'size')!.factor), 1e9);
    assert.equal(unitFactor('By/ns', 'size')?.perSecond, true);
    assert.equal(unitFactor('s', 'size'), undefined);
    assert.deepEqual(unitFactor('{request}', 'count'), { factor: 1, perSecond: false });
    assert.deepEqual(unitFactor('1/s', 'count'), { factor: 1, perSecond: true });
    assert.deepEqual(unitFactor('reqps', 'count'), { factor: 1, perSecond: true });
    assert.deepEqual(unitFactor('%', 'count'), { factor: 0.01, perSecond: false });
  });

  test('field case 09: a unit that only the name says', () => {
    const names: [name: string, unit: string][] = [
      ['istio_request_duration_milliseconds', 'ms'],
      ['http_request_duration_seconds', 's'],
      ['http_request_duration_seconds_sum', 's'],
      ['x_nanoseconds', 'ns'],
      ['x_microseconds_total', 'us'],
      ['response_latency_ms', 'ms'],
      ['x.duration.ms', 'ms'],
      ['sent_bytes_total', 'By'],
      ['memory_kibibytes', 'KiBy'],
      ['x_bytes_per_second', 'By/s'],
      ['requests_per_second', '1/s'],
      ['error_ratio', '1'],
      ['error_percent', '%'],
      ['requests_total', ''],
      ['latency', ''],
      ['seconds_ago_state', ''],
      ['latency-ms', 'ms'],
      ['durationMillis', 'ms'],
      ['LatencyMilliseconds', 'ms'],
      ['x_ms_p99', 'ms'],
      ['x.ms.avg', 'ms'],
      ['x_seconds_max', 's'],
      ['x_milliseconds_total_sum', 'ms'],
      ['x_usec', 'us'],
      ['x_octets', 'By'],
      ['x_kib', 'KiBy'],
      ['x_bytes_per_sec', 'By/s'],
      ['requests_per_min', '1/min'],
      ['x_rps', '1/s'],
      ['error_pct', '%'],
      ['x_per_pod', ''],
    ];
    for (const [name, unit] of names) assert.equal(unitOfName(name), unit, name);
  });

  test("the metric's own unit, then its name's, then the rule's, then a guess", () => {
    const of = (name: string, unit: string, known?: string, likely?: string) => {
      const found = unitOf({ name, unit }, 'time', { known, likely });
      return found && `${found.unit} ${found.from}`;
    };
    assert.equal(of('x_seconds', 'ms'), 'ms metric');
    assert.equal(of('x_seconds', '', 'ms'), 's name');
    assert.equal(of('x_seconds', '1', 'ms'), 's name');
    assert.equal(of('x', '', 'ms', 'us'), 'ms rule');
    assert.equal(of('x', '', undefined, 'us'), 'us assumed');
    assert.equal(of('x', ''), ' assumed');
    assert.equal(of('x_bytes', ''), ' assumed');
    assert.equal(of('x', 'By'), undefined);
    assert.deepEqual(unitOf({ name: 'x_seconds', unit: '' }, 'count'), {
      unit: '',
      from: 'assumed',
      factor: 1,
      perSecond: false,
    });
    assert.equal(unitOf({ name: 'x_requests_per_second', unit: '' }, 'count')?.perSecond, true);
    assert.equal(unitOf({ name: 'x_percent', unit: '' }, 'count')?.factor, 0.01);
  });

  test('units in words, abbreviated, of any case, with a remark', () => {
    const same: [unit: string, dimension: 'time' | 'size' | 'count', of: string][] = [
      ['Milliseconds', 'time', 'ms'],
      ['millisecond', 'time', 'ms'],
      ['msec', 'time', 'ms'],
      ['sec', 'time', 's'],
      ['usecs', 'time', 'us'],
      ['ms{request}', 'time', 'ms'],
      ['Bytes', 'size', 'By'],
      ['octets', 'size', 'By'],
      ['KB', 'size', 'kBy'],
      ['MiB', 'size', 'MiBy'],
      ['Bps', 'size', 'By/s'],
      ['bps', 'size', 'bit/s'],
      ['bytes/sec', 'size', 'By/s'],
      ['requests per second', 'count', '1/s'],
      ['requests/minute', 'count', '1/min'],
      ['rpm', 'count', '1/min'],
      ['qps', 'count', '1/s'],
      ['pct', 'count', '%'],
    ];
    for (const [unit, dimension, of] of same)
      assert.deepEqual(unitFactor(unit, dimension), unitFactor(of, dimension), unit);
    assert.equal(unitFactor('m', 'time'), undefined);
    assert.deepEqual(unitFactor('{request}/s', 'count'), unitFactor('1/s', 'count'));
  });

  test('no unit is seconds, bytes, a count', () => {
    for (const dimension of ['time', 'size', 'count'] as const) assert.equal(unitFactor('', dimension)?.factor, 1);
  });

  test('a name of an object of JavaScript is no unit', () => {
    assert.equal(unitFactor('constructor', 'time'), undefined);
  });
});

describe('spellings', () => {
  const metric = (name: string, unit = '', monotonic = false) => ({ name, unit, monotonic });

  test("OpenTelemetry's name is found in what Prometheus makes of it", () => {
    const matches = compileMetricName('http.client.request.duration', true);
    for (const name of [
      'http.client.request.duration',
      'http_client_request_duration',
      'http_client_request_duration_seconds',
      'http_client_request_duration_milliseconds',
      'http_client_request_duration_total',
    ]) {
      assert.deepEqual(matches(metric(name)), [], name);
    }
    for (const name of ['http_client_request_duration_p99', 'http_client_request', 'x_http_client_request_duration']) {
      assert.equal(matches(metric(name)), undefined, name);
    }
  });

  test('stars capture in both', () => {
    const matches = compileMetricName('*.edge.latency', true);
    assert.deepEqual(matches(metric('http.edge.latency')), ['http']);
    assert.deepEqual(matches(metric('http_edge_latency_nanoseconds')), ['http']);
  });

  test("a rule in Prometheus' spelling finds the metric that OpenTelemetry sends", () => {
    const matches = compileMetricName('http_client_request_duration_seconds', false);
    assert.deepEqual(matches(metric('http.client.request.duration', 's')), []);
    assert.equal(matches(metric('http.client.request.duration', 'ms')), undefined);
    assert.equal(matches(metric('http_client_request_duration', 's')), undefined);
    const counter = compileMetricName('shop_orders_total', false);
    assert.deepEqual(counter(metric('shop.orders', '{order}', true)), []);
    assert.equal(counter(metric('shop.orders', '{order}', false)), undefined);
    assert.equal(counter(metric('shop_orders')), undefined);
  });

  test('keys: the exact one first, then any that Prometheus would write the same', () => {
    const attributes = new Map([
      ['span_kind', 'a'],
      ['k8s.namespace.name', 'b'],
      ['x.y', 'c'],
      ['x_y', 'd'],
    ]);
    assert.equal(valueUnder(attributes, 'span.kind'), 'a');
    assert.equal(valueUnder(attributes, 'k8s_namespace_name'), 'b');
    assert.equal(valueUnder(attributes, 'x.y'), 'c');
    assert.equal(valueUnder(attributes, 'x_y'), 'd');
    assert.equal(valueUnder(attributes, 'x'), undefined);
  });
});

describe('attributes', () => {
  const sets = {
    point: new Map([['a', 'point'] as const]),
    resource: new Map([['a', 'resource'] as const, ['http.service', 'web'] as const]),
    scope: new Map([['b', 'scope'] as const]),
  };

  test('point before resource before scope, or one of them', () => {
    const look = (text: string, captures: string[] = []) => lookUp(sets, parseReference(text), captures);
    assert.equal(look('a'), 'point');
    assert.equal(look('resource:a'), 'resource');
    assert.equal(look('scope:a'), undefined);
    assert.equal(look('b'), 'scope');
    assert.equal(look('{1}.service', ['http']), 'web');
    assert.equal(look('c'), undefined);
  });

  test('every type of value; a list of strings is the text that Pixie writes', () => {
    const attributes = readAttributes(keyValues({ s: 'x', i: 7, d: 1.5, b: true, l: ['n/a', 'n/b'] }));
    assert.deepEqual(Object.fromEntries(attributes), { s: 'x', i: 7, d: 1.5, b: true, l: '["n/a","n/b"]' });
    const bytes = readAttributes([{ key: 'raw', value: { bytesValue: new Uint8Array([0x61, 0xff]) } }]);
    assert.equal(bytes.get('raw'), 'a\ufffd');
  });

  test('no text is longer than 256 bytes, and none is cut inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 0, maxLength: 400 }), (text) => {
        const cut = bounded(text);
        return Buffer.byteLength(cut) <= 256 && text.startsWith(cut) && Buffer.from(cut).toString() === cut;
      }),
    );
    assert.equal(bounded('x'.repeat(300)).length, 256);
  });
});

describe('conditions', () => {
  const holds = (condition: Condition, value: string | number | boolean | undefined) => {
    const point = new Map(value === undefined ? [] : [['k', value] as const]);
    return compileConditions({ k: condition })({ point, resource: new Map(), scope: new Map() }, []);
  };

  test('values, lists, globs', () => {
    assert.equal(holds('x', 'x'), true);
    assert.equal(holds('5*', 503), true);
    assert.equal(holds(['a', 'b'], 'b'), true);
    assert.equal(holds(['a', 'b'], 'c'), false);
    assert.equal(holds(true, 'true'), true);
    assert.equal(holds(true, undefined), false);
  });

  test('comparisons must all hold; what is no number satisfies none', () => {
    assert.equal(holds({ gte: 500, lt: 600 }, 503), true);
    assert.equal(holds({ gte: 500, lt: 600 }, 600), false);
    assert.equal(holds({ gt: 0 }, '1'), true);
    assert.equal(holds({ lte: 5 }, 'many'), false);
    assert.equal(holds({ gte: 0 }, ''), false);
  });

  test('presence', () => {
    assert.equal(holds({ exists: true }, ''), false);
    assert.equal(holds({ present: true }, ''), true);
    assert.equal(holds({ exists: false }, undefined), true);
    assert.equal(holds({ not: 'x' }, 'y'), true);
    assert.equal(holds({ not: ['x', 'y'] }, 'y'), false);
    assert.equal(holds({ not: 'x' }, undefined), false);
  });
});
