import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  escapeHelp,
  escapeLabel,
  formatValue,
  metricName,
  type PrometheusType,
} from '../../src/exporters/prometheus/names.js';
import { labelName } from '../../src/telemetry/label-names.js';
import fc from '../support/property.js';

const PLAIN = { suffixes: true, namespace: '' };

/** From the examples of the OpenTelemetry specification and the Collector's translator. */
const NAMES: readonly [string, string, PrometheusType, string][] = [
  ['px.anomaly.network.latency_spike', '{score}', 'gauge', 'px_anomaly_network_latency_spike'],
  ['px.anomaly.observed', '1', 'gauge', 'px_anomaly_observed_ratio'],
  ['px.anomaly.events', '', 'counter', 'px_anomaly_events_total'],
  ['px.anomaly.incidents.open', '{incident}', 'gauge', 'px_anomaly_incidents_open'],
  ['px.anomaly.observed', 'ns', 'gauge', 'px_anomaly_observed_nanoseconds'],
  ['px.anomaly.observed', 'By', 'gauge', 'px_anomaly_observed_bytes'],
  ['http.server.duration', 's', 'histogram', 'http_server_duration_seconds'],
  ['system.filesystem.usage', 'By', 'gauge', 'system_filesystem_usage_bytes'],
  ['system.network.io', 'By', 'counter', 'system_network_io_bytes_total'],
  ['network.speed', 'By/s', 'gauge', 'network_speed_bytes_per_second'],
  ['requests', '{request}/s', 'gauge', 'requests_per_second'],
  ['errors', '1/m', 'gauge', 'errors_per_minute'],
  ['latency_milliseconds', 'ms', 'gauge', 'latency_milliseconds'],
  ['requests_total', '1', 'counter', 'requests_total'],
  ['total.requests', '1', 'counter', 'requests_total'],
  ['hit.ratio', '1', 'gauge', 'hit_ratio'],
  ['cpu', '%', 'gauge', 'cpu_percent'],
  ['boxes', 'pallets', 'gauge', 'boxes_pallets'],
  ['a..b//c', '', 'gauge', 'a_b_c'],
  ['1st', '', 'gauge', '_1st'],
  ['größe', '', 'gauge', 'gr_e'],
  ['', '', 'gauge', '_'],
];

for (const [name, unit, type, expected] of NAMES) {
  test(`${type} "${name}" in "${unit}" is ${expected}`, () =>
    assert.equal(metricName(name, unit, type, PLAIN), expected));
}

test('without suffixes, and with a namespace', () => {
  assert.equal(metricName('requests', 's', 'counter', { suffixes: false, namespace: '' }), 'requests');
  assert.equal(metricName('requests', '', 'counter', { suffixes: true, namespace: 'my-app' }), 'my_app_requests_total');
});

test('label names', () => {
  const cases = [
    ['px.cluster.id', 'px_cluster_id'],
    ['k8s.pod/name', 'k8s_pod_name'],
    ['1st', 'key_1st'],
    ['_hidden', 'key_hidden'],
    ['__name__', 'key__name__'],
    ['ns:x', 'ns_x'],
    ['', '_'],
  ];
  for (const [key = '', expected] of cases) assert.equal(labelName(key), expected);
});

test('any name and key is one that Prometheus takes', () => {
  const type = fc.constantFrom<PrometheusType>('gauge', 'counter', 'histogram', 'summary');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), type, (name, unit, of) => {
      assert.match(metricName(name, unit, of, PLAIN), /^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
      assert.match(labelName(name), /^[a-zA-Z_][a-zA-Z0-9_]*$/);
    }),
  );
});

test('escapes', () => {
  assert.equal(escapeLabel('a"b\\c\nd'), 'a\\"b\\\\c\\nd');
  assert.equal(escapeHelp('a"b\\c\nd'), 'a"b\\\\c\\nd');
});

test('values', () => {
  const cases: [number, string][] = [
    [0.1, '0.1'],
    [1e21, '1e+21'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ];
  for (const [value, text] of cases) assert.equal(formatValue(value), text);
});
