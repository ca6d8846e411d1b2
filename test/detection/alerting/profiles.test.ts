// Thresholds, rules and settings as the kernel's alert profiles.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { levelOfThreshold, Profiles } from '../../../src/detection/alerting/profiles.js';
import type { SenderSettings } from '../../../src/detection/sender-settings.js';
import { alertLevel } from '../../../src/kernel/alert-level.js';
import { type AlertProfile, type KernelApi, KINDS } from '../../../src/kernel/api.js';
import { alertSettings } from '../../../src/processors/anomaly/settings.js';
import { anomalyConfig } from '../../support/anomaly.js';

const THURSDAY_NOON = Date.parse('2026-01-01T12:00:00Z');

function profilesOf(written: object): { profiles: Profiles; set: AlertProfile[] } {
  const set: AlertProfile[] = [];
  const kernel = { setProfile: (slot: number, profile: AlertProfile) => (set[slot] = profile) };
  return {
    profiles: new Profiles(kernel as unknown as KernelApi, alertSettings(anomalyConfig(written)), () => {}),
    set,
  };
}

const EDGE = {
  clusterId: 'prod',
  windowMs: 10_000,
  source: { namespace: 'shop', name: 'checkout' },
  destination: { namespace: 'shop', name: 'payment' },
};

function profile(
  written: object,
  edge: Partial<typeof EDGE> = {},
  sender: SenderSettings = {},
  now = THURSDAY_NOON,
): AlertProfile {
  const { profiles, set } = profilesOf(written);
  return set[profiles.slotOf({ ...EDGE, ...edge }, sender, now)]!;
}

const level = (p: AlertProfile, kind: string) => p.levels[KINDS.indexOf(kind as (typeof KINDS)[number])];
const close = (a: number | undefined, b: number) => assert.ok(Math.abs(a! - b) < 0.005, `${a} is not ${b}`);

describe('levels', () => {
  test('of a window: at most one false episode per edge and week', () => {
    close(alertLevel(10), 9.01);
    close(alertLevel(5), 9.7);
    close(alertLevel(30), 8.46);
    close(alertLevel(60), 8.11);
    close(alertLevel(300), 6.99);
    close(alertLevel(3600), 5.25);
  });

  test('the default threshold is the level itself; stricter ones lie higher', () => {
    close(levelOfThreshold(0.9, 9.01), 9.01);
    close(levelOfThreshold(0.99, 9.01), 18.02);
    assert.ok(levelOfThreshold(0.8, 9.01) < 9.01);
  });

  test('threshold, thresholds by kind, window', () => {
    close(level(profile({}), 'latency_spike'), 9.01);
    close(level(profile({ threshold: 0.99 }), 'latency_spike'), 18.02);
    const one = profile({ thresholds: { latency_spike: 0.99 } });
    close(level(one, 'latency_spike'), 18.02);
    close(level(one, 'latency_drop'), 9.01);
    close(level(profile({}, { windowMs: 60_000 }), 'traffic_pattern'), 8.11);
  });

  test('of a detector, as a factor', () => {
    const factors = profile({
      detectors: { zscore: { threshold: 0.99 }, isolation_forest: { enabled: false } },
    }).detectorFactors;
    close(factors[0], 2);
    close(factors[1], 2);
    assert.deepEqual(factors.slice(2), [1, 1], 'the kernel has neither');
    assert.deepEqual(profile({ detectors: { zscore: { enabled: false } } }).detectorFactors.slice(0, 2), [
      Infinity,
      Infinity,
    ]);
  });

  test('a sender changes the general threshold and the detectors, not the thresholds by kind', () => {
    const sender: SenderSettings = { threshold: 0.99, detectors: new Set(['isolation_forest']) };
    const one = profile({ thresholds: { latency_drop: 0.9 } }, {}, sender);
    close(level(one, 'latency_spike'), 18.02);
    close(level(one, 'latency_drop'), 9.01);
    assert.deepEqual(one.detectorFactors.slice(0, 3), [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1]);
  });
});

describe('rules', () => {
  const mute = (match: object) => profile({ rules: [{ match, mute: true }] }).muted;

  test('match by source, destination, namespace and cluster, with globs', () => {
    assert.equal(mute({ source: 'checkout' }), true);
    assert.equal(mute({ source: 'shop/check*' }), true);
    assert.equal(mute({ source: 'check' }), false);
    assert.equal(mute({ destination: 'pay*', source: 'checkout' }), true);
    assert.equal(mute({ destination: 'pay*', source: 'cart' }), false);
    assert.equal(mute({ namespace: 'shop' }), true);
    assert.equal(mute({ namespace: 'bank' }), false);
    assert.equal(mute({ cluster: 'pr*' }), true);
    assert.equal(mute({ cluster: 'staging' }), false);
  });

  test('an edge without a source is matched by any source only', () => {
    const edge = { source: undefined } as unknown as Partial<typeof EDGE>;
    assert.equal(profile({ rules: [{ match: { source: '*' }, mute: true }] }, edge).muted, true);
    assert.equal(profile({ rules: [{ match: { source: 'a*' }, mute: true }] }, edge).muted, false);
  });

  test('of a kind mute that kind alone', () => {
    const one = profile({ rules: [{ match: { kind: 'throughput_*' }, mute: true }] });
    assert.equal(one.muted, false);
    assert.equal(level(one, 'throughput_spike'), Number.POSITIVE_INFINITY);
    assert.equal(level(one, 'throughput_drop'), Number.POSITIVE_INFINITY);
    close(level(one, 'latency_spike'), 9.01);
  });

  test('set a threshold and least requests; later rules win', () => {
    const one = profile({
      min_requests: 1,
      rules: [
        { match: {}, threshold: 0.99, min_requests: 50 },
        { match: { destination: 'payment' }, threshold: 0.999 },
      ],
    });
    close(level(one, 'latency_spike'), 27.03);
    assert.equal(one.minRequests, 50);
  });

  test('win over a sender', () => {
    close(level(profile({ rules: [{ match: {}, threshold: 0.9 }] }, {}, { threshold: 0.99 }), 'latency_spike'), 9.01);
  });

  test('with a schedule hold in event time only', () => {
    const written = { rules: [{ match: {}, mute: true, schedule: [{ days: ['thu'], from: '11:00', to: '13:00' }] }] };
    assert.equal(profile(written).muted, true);
    assert.equal(profile(written, {}, {}, THURSDAY_NOON + 3_600_000).muted, false);
    const { profiles } = profilesOf(written);
    assert.notEqual(profiles.activeSchedules(THURSDAY_NOON), profiles.activeSchedules(THURSDAY_NOON + 3_600_000));
  });
});

test('least deviations, latency in seconds', () => {
  const { minRelative, minAbsolute } = profile({
    min_deviation: {
      latency: { relative: 0.2, absolute: '5ms' },
      errors: { absolute: 0.01 },
      bytes: { relative: 0.5 },
    },
  });
  assert.deepEqual(minRelative, [0.2, 0, 0, 0.5]);
  assert.deepEqual(minAbsolute, [0.005, 0, 0.01, 0]);
});

test('edges with the same answers share a slot', () => {
  const { profiles, set } = profilesOf({ rules: [{ match: { destination: 'payment' }, mute: true }] });
  const other = { ...EDGE, destination: { namespace: 'shop', name: 'cart' } };
  const slots = [EDGE, other, { ...other, source: EDGE.destination }].map((edge) =>
    profiles.slotOf(edge, {}, THURSDAY_NOON),
  );
  assert.deepEqual(slots, [0, 1, 1]);
  assert.equal(set.length, 2);
});

test('profiles that nobody uses any more make room', () => {
  const set: AlertProfile[] = [];
  const kernel = { setProfile: (slot: number, one: AlertProfile) => (set[slot] = one) } as unknown as KernelApi;
  let renewed = 0;
  const profiles: Profiles = new Profiles(kernel, alertSettings(anomalyConfig()), () => {
    renewed++;
    assert.equal(profiles.slotOf(EDGE, {}, 0), 0);
  });
  for (let i = 0; i < 5000; i++) profiles.slotOf(EDGE, { threshold: 0.8 + i * 1e-5 }, 0);
  assert.equal(renewed, 1);
  assert.equal(set.length, 4096);
});
