// The configuration: defaults, what is refused, checks across fields; and what senders may set.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { localTime } from '../../../src/config/time-zone.js';
import { isWithin } from '../../../src/detection/alerting/schedule.js';
import { Senders } from '../../../src/detection/alerting/senders.js';
import { PermanentError } from '../../../src/pipeline/index.js';
import { anomaly } from '../../../src/processors/anomaly/factory.js';
import { schema, validateConfig } from '../../../src/processors/anomaly/schema.js';

/** Path and message of each problem. */
function problems(written: unknown): string[] {
  const result = schema.safeParse(written);
  return result.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('configuration', () => {
  test('the defaults of design', () => {
    const config = schema.parse({});
    assert.equal(
      config.presets.map(({ name }) => name).join(' '),
      'edge pixie servicegraph spanmetrics spans istio linkerd hubble semconv network',
    );
    assert.equal(config.threshold, 0.9);
    assert.equal(config.export_interval, 60_000);
    assert.equal(config.export_top, 100);
    assert.equal(config.incidents.max_per_day, 1);
    assert.equal(config.detectors.isolation_forest.trees, 100);
    assert.equal(config.detectors.isolation_forest.subsample, 256);
    assert.equal(config.detectors.autoencoder.enabled, false);
    assert.equal(config.detectors.new_edge.learn_for, 86_400_000);
    assert.deepEqual(config.mute.namespaces, ['pl']);
    assert.equal(config.max_series, 200_000);
    assert.equal(config.max_edges, 20_000);
    assert.deepEqual(validateConfig(config), []);
  });

  test('the example of the design is valid', () => {
    const config = schema.parse({
      presets: ['edge', 'pixie', 'servicegraph', 'spanmetrics'],
      threshold: 0.9,
      export_interval: '60s',
      export_top: 100,
      features: [],
      detectors: {
        zscore: {},
        isolation_forest: { trees: 100, subsample: 256 },
        autoencoder: { enabled: false },
        new_edge: { learn_for: '24h' },
      },
      incidents: { max_per_day: 1 },
      rules: [],
    });
    assert.equal(config.export_interval, 60_000);
  });

  test('a wrong value is named with its path', () => {
    assert.match(problems({ threshold: 0.5 })[0]!, /^threshold: /);
    assert.match(problems({ threshold: 1 })[0]!, /^threshold: /);
    assert.match(problems({ thresholds: { latency_spike: 2 } })[0]!, /^thresholds\.latency_spike: /);
    assert.match(problems({ thresholds: { slow: 0.9 } })[0]!, /slow/);
    assert.match(problems({ export_interval: 'soon' })[0]!, /^export_interval: .*"soon"/);
    assert.match(problems({ detectors: { zcore: {} } })[0]!, /zcore/);
    assert.match(problems({ presets: ['pixy'] })[0]!, /^presets\.0/);
    assert.match(problems({ incidents: { max_per_day: 0 } })[0]!, /^incidents\.max_per_day/);
    assert.match(problems({ rules: [{ match: { src: '*' } }] })[0]!, /src/);
  });

  test('checks across fields', () => {
    const check = (written: object) => anomaly.validate!(schema.parse(written));
    assert.match(check({ presets: ['edge', 'edge'] })[0]!, /edge is named twice/);
    assert.match(check({ presets: [] })[0]!, /nothing would be scored/);
    assert.match(check({ rules: [{ match: {} }] })[0]!, /rules\[0\].*neither mute/);
    assert.match(
      check({ rules: [{ match: { kind: 'latency_*' }, min_requests: 5 }] })[0]!,
      /min_requests holds for every kind/,
    );
    const rule = { metric: 'm', feature: 'requests', window: '10s', edge: {} };
    assert.match(check({ features: [rule] })[0]!, /features\[0\]\.edge: source and destination/);
  });

  test('a preset may have its window changed', () => {
    const config = schema.parse({ presets: [{ name: 'pixie', window: '30s' }, 'edge'] });
    assert.deepEqual(config.presets, [{ name: 'pixie', window: 30_000 }, { name: 'edge' }]);
  });
});

describe('schedules', () => {
  // 2026-01-01 was a Thursday.
  const at = (day: number, clock: string) => Date.parse(`2026-01-0${day}T${clock}:00Z`);
  const period = (written: object) => {
    const rule = { match: {}, mute: true, schedule: [written] };
    return schema.parse({ rules: [rule] }).rules[0]!.schedule![0]!;
  };

  test('within a day', () => {
    const night = period({ from: '01:00', to: '03:00' });
    assert.deepEqual(
      ['00:59', '01:00', '02:59', '03:00'].map((clock) => isWithin(night, at(1, clock))),
      [false, true, true, false],
    );
  });

  test('past midnight it belongs to the day on which it begins', () => {
    const thursday = period({ days: ['thu'], from: '22:00', to: '02:00' });
    assert.equal(isWithin(thursday, at(1, '23:00')), true);
    assert.equal(isWithin(thursday, at(2, '01:59')), true);
    assert.equal(isWithin(thursday, at(2, '02:00')), false);
    assert.equal(isWithin(thursday, at(2, '23:00')), false);
    assert.equal(isWithin(thursday, at(1, '01:00')), false);
  });

  test('whole days', () => {
    const weekend = period({ days: ['sat', 'sun'] });
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((day) => isWithin(weekend, at(day, '12:00'))),
      [false, false, true, true, false],
    );
    assert.equal(isWithin(weekend, at(5, '00:00')), false);
  });
});

describe('field case 25: schedules in a time zone', () => {
  const inside = (written: object, ...times: string[]) => {
    const rule = { match: {}, mute: true, schedule: [written] };
    const period = schema.parse({ rules: [rule] }).rules[0]!.schedule![0]!;
    return times.map((time) => isWithin(period, Date.parse(time)));
  };
  const sunday = { days: ['sun'], from: '02:00', to: '04:00', timezone: 'Europe/Berlin' };

  test('the window follows the clock there, in winter and in summer', () => {
    const winter = ['00:59:59', '01:00:00', '02:59:59', '03:00:00'].map((clock) => `2026-01-04T${clock}Z`);
    assert.deepEqual(inside(sunday, ...winter), [false, true, true, false]);
    const summer = ['2026-07-04T23:59:59Z', '2026-07-05T00:00:00Z', '2026-07-05T01:59:59Z', '2026-07-05T02:00:00Z'];
    assert.deepEqual(inside(sunday, ...summer), [false, true, true, false]);
  });

  test('a window across the hour that is skipped is shorter, one within it does not take place', () => {
    // 29 March 2026: 02:00 CET (01:00Z) is 03:00 CEST.
    const times = ['00:59:59', '01:00:00', '01:59:59', '02:00:00'].map((clock) => `2026-03-29T${clock}Z`);
    assert.deepEqual(inside(sunday, ...times), [false, true, true, false]);
    const skipped = { ...sunday, from: '02:15', to: '02:45' };
    assert.deepEqual(inside(skipped, ...times, '2026-03-29T00:30:00Z', '2026-03-29T01:30:00Z').includes(true), false);
  });

  test('an hour that comes twice counts twice', () => {
    // 25 October 2026: 03:00 CEST (01:00Z) is 02:00 CET.
    const times = [
      '2026-10-24T23:59:59Z',
      ...['00:00:00', '00:59:59', '01:00:00', '02:59:59', '03:00:00'].map((clock) => `2026-10-25T${clock}Z`),
    ];
    assert.deepEqual(inside(sunday, ...times), [false, true, true, true, true, false]);
  });

  test('days are those of the zone; offsets of half and quarter hours', () => {
    const friday = { days: ['fri'], timezone: 'America/Los_Angeles' };
    assert.deepEqual(inside(friday, '2026-01-02T07:59:59Z', '2026-01-02T08:00:00Z', '2026-01-03T07:59:59Z'), [
      false,
      true,
      true,
    ]);
    const kathmandu = { from: '22:00', to: '02:00', timezone: 'Asia/Kathmandu' };
    assert.deepEqual(inside(kathmandu, '2026-01-01T16:14:59Z', '2026-01-01T16:15:00Z', '2026-01-01T20:15:00Z'), [
      false,
      true,
      false,
    ]);
    // Lord Howe Island moves its clock by half an hour, at 15:30Z.
    const lordHowe = { from: '01:00', to: '02:00', timezone: 'Australia/Lord_Howe' };
    const night = ['2026-04-04T14:00:00Z', '2026-04-04T14:59:59Z', '2026-04-04T15:00:00Z', '2026-04-04T15:29:59Z'];
    assert.deepEqual(inside(lordHowe, ...night, '2026-04-04T15:30:00Z'), [true, true, true, true, false]);
  });

  test('agrees with Intl on every quarter of an hour of a year, in zones of every kind', () => {
    for (const zone of [
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Pacific/Apia',
    ]) {
      const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
      for (let at = Date.UTC(2026, 0, 1, 0, 7); at < Date.UTC(2027, 0, 1); at += 900_000) {
        const [, day, month, year, clock] = /(\d+)\/(\d+)\/(\d+), (.*)/.exec(parts.format(at))!;
        assert.equal(localTime(zone, at).toISOString(), `${year}-${month}-${day}T${clock}.000Z`);
      }
    }
  });

  test('an unknown zone is an error with the name that was probably meant', () => {
    const check = (timezone: string) => {
      const rules = [{ match: {}, mute: true, schedule: [{ ...sunday, timezone }] }];
      return (
        schema.safeParse({ rules }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
      );
    };
    const near = /rules\.0\.schedule\.0\.timezone: .*did you mean "Europe\/Berlin"/;
    assert.match(check('Europe/Berlni')[0]!, near);
    assert.match(check('Berlin')[0]!, near);
    assert.match(check('+02:00')[0]!, /expected the IANA name of a time zone/);
    assert.deepEqual(check('UTC'), []);
  });
});

describe('settings of a sender', () => {
  const senders = new Senders('default');
  const read = (headers: Record<string, string>) => senders.read(new Map(Object.entries(headers)));

  test('none', () => {
    assert.deepEqual(read({ 'content-type': 'application/grpc' }), {
      key: '',
      settings: {},
      cluster: 'default',
      salt: 0n,
    });
  });

  test('all of them', () => {
    const { settings, cluster, key } = read({
      'x-pxanomaly-threshold': '0.95',
      'x-pxanomaly-export-interval': '30s',
      'x-pxanomaly-incidents-per-day': '0.5',
      'x-pxanomaly-detectors': 'zscore, new_edge',
      'x-pxanomaly-cluster': 'prod-eu',
    });
    assert.deepEqual(settings, {
      threshold: 0.95,
      exportIntervalMs: 30_000,
      incidentsPerDay: 0.5,
      detectors: new Set(['zscore', 'new_edge']),
    });
    assert.equal(cluster, 'prod-eu');
    assert.notEqual(key, '');
  });

  test('an empty field of a form is none', () => {
    assert.deepEqual(read({ 'x-pxanomaly-threshold': '', 'x-pxanomaly-detectors': ' ' }).settings, {});
  });

  const wrong: [header: string, value: string, allowed: RegExp][] = [
    ['x-pxanomaly-threshold', '1.5', /number from 0\.8 to 0\.999/],
    ['x-pxanomaly-threshold', '0x1', /number from 0\.8 to 0\.999/],
    ['x-pxanomaly-threshold', 'high', /number from 0\.8 to 0\.999/],
    ['x-pxanomaly-export-interval', '5', /duration from 1s to 24h/],
    ['x-pxanomaly-export-interval', '10ms', /duration from 1s to 24h/],
    ['x-pxanomaly-incidents-per-day', '-1', /number above 0 and up to 100/],
    ['x-pxanomaly-incidents-per-day', '101', /number above 0 and up to 100/],
    ['x-pxanomaly-detectors', 'zscore,magic', /zscore, isolation_forest, autoencoder, new_edge/],
  ];
  for (const [header, value, allowed] of wrong) {
    test(`${header}: ${value} is one clear sentence`, () => {
      assert.throws(
        () => read({ [header]: value }),
        (error: unknown) => {
          assert.ok(error instanceof PermanentError);
          assert.equal(error.code, 'invalid_argument');
          assert.ok(error.message.startsWith(`${header}: "${value}" is not allowed; give `), error.message);
          assert.match(error.message, allowed);
          return true;
        },
      );
    });
  }
});
