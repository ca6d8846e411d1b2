// What the anomaly processor counts, and logs with it.

import type { AnomalyEvents, Log } from './anomaly-events.js';
import { checkpointEvents, clockEvents, gaugeSetter } from './anomaly-gauges.js';
import type { Telemetry } from './index.js';
import { rateLimited } from './rate-limited-log.js';
import { Told } from './told.js';

const LEARN_BUCKETS_S = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

/** What it means that a bound was reached, and what to do. */
const BOUNDS: Readonly<Record<string, string>> = {
  groups:
    'max_groups is reached: what comes beyond it is not scored until one of the others has been silent for long; raise max_groups, or forget one: pxanomaly state forget --cluster NAME',
  feeds:
    'There is no room for another feed: its series are not scored until one has been silent for long; raise max_groups',
  services:
    'There is no room for another service: its edges are judged without the traffic of their source; raise max_edges',
  edges:
    'max_edges is reached: edges beyond it are not scored until others have been silent for long; raise max_edges, or forget some: pxanomaly state forget --edge "ns/a -> ns/b"',
  clocks: 'There is no room for the clock of another sender: it goes by that of its cluster; raise max_groups',
  evicted: 'max_edges is reached: edges that were silent for long made room for others; raise max_edges',
  evictedGroups: 'max_groups or max_edges is reached: a cluster that was silent for long made room; raise the bound',
  evictedFeeds: 'A feed that was silent for long made room for another; raise max_groups',
  otherWindow:
    'Series tell of edges that have another window length already: they are not scored; use one window for both rules',
};

export function metricEvents(telemetry: Telemetry, processor: string, log: Log): MetricEvents {
  const labelled = (name: string, help: string, label: string) => {
    const counter = telemetry.counter(name, help, ['processor', label]);
    return (value: string, count: number) => counter.labels({ processor, [label]: value }).inc(count);
  };
  const plain = (name: string, help: string) => telemetry.counter(name, help, ['processor']).labels({ processor });
  const points = labelled('pxanomaly_points', 'Data points by outcome.', 'outcome');
  const series = labelled('pxanomaly_series_resolved', 'Series by what the rules made of them.', 'outcome');
  const faults = labelled('pxanomaly_series_faults', 'New series with something wrong in them, by reason.', 'reason');
  const badTexts = new Told();
  const spans = labelled('pxanomaly_spans', 'Spans of traces pipelines by outcome.', 'outcome');
  const bounds = labelled('pxanomaly_bound_reached', 'Times that a bound was reached.', 'bound');
  const anomalies = labelled('pxanomaly_anomalies_started', 'Anomalies started.', 'kind');
  const incidents = labelled('pxanomaly_incidents', 'Incidents by change of state.', 'state');
  const injections = labelled('pxanomaly_injected_events', 'Test events that somebody injected, by kind.', 'kind');
  const results = labelled('pxanomaly_results', 'Our own data points and events by outcome.', 'outcome');
  const windows = plain('pxanomaly_windows_closed', 'Windows closed, of all groups.');
  const scored = plain('pxanomaly_edge_windows_scored', 'Edges scored, window by window.');
  const failures = plain('pxanomaly_learning_failures', 'Requests that could not be learnt from.');
  const ignored = labelled(
    'pxanomaly_settings_ignored',
    'Requests whose settings named, or came with data of, a cluster that their token does not name.',
    'token',
  );
  const truncations = plain(
    'pxanomaly_truncated_requests',
    'Requests that Pixie has probably cut off at its row limit.',
  );
  const took = telemetry
    .histogram('pxanomaly_learn_seconds', 'Processor time of learning from a request.', LEARN_BUCKETS_S, ['processor'])
    .labels({ processor });
  const warn = rateLimited((fields, line) => log.warn(fields, line));
  const fail = rateLimited((fields, line) => log.error(fields, line));
  return {
    points,
    spans,
    series(outcome, example) {
      series(outcome, 1);
      log.debug({ outcome, example }, 'Series resolved');
    },
    invalidUtf8(cluster, metric, example, count = 1) {
      faults('invalid_utf8', count);
      if (!badTexts.isNew(cluster)) return;
      log.warn(
        { cluster, metric, example },
        'A sender has texts that are not UTF-8: they are shown with replacement characters, and forwarded as they came',
      );
    },
    seriesFailed(error) {
      faults('failed', 1);
      fail('series', { err: error }, 'A series could not be read; it is forwarded, not scored');
    },
    bound(name, count, example) {
      bounds(name, count);
      const line = BOUNDS[name] ?? 'A bound is reached; what comes beyond it is not scored';
      warn(name, { bound: name, count, ...(example === undefined ? {} : { example }) }, line);
    },
    anomalyStarted: (kind) => anomalies(kind, 1),
    incident: (state) => incidents(state, 1),
    windowClosed(edges) {
      windows.inc();
      scored.inc(edges);
    },
    learnt: (seconds) => took.observe(seconds),
    learningFailed(error) {
      failures.inc();
      fail('learning', { err: error }, 'A request could not be learnt from; it was forwarded');
    },
    tooLarge(bytes) {
      failures.inc();
      warn('too_large', { bytes }, 'A request is over max_request_size_mib: it is forwarded, not scored');
    },
    resultDropped(items, error) {
      results('dropped', items);
      fail('results', { items, error: String(error) }, 'Anomaly results dropped');
    },
    resultSent: (count, events) => results('sent', count + events),
    injected(kind, edge, holdMs) {
      injections(kind, 1);
      log.warn({ edge, anomaly_kind: kind, lasts_s: holdMs / 1000 }, 'A test event was injected; nothing is wrong');
    },
    truncated(rows) {
      truncations.inc();
      warn(
        'truncated',
        { rows },
        'A request of exactly the row limit: Pixie has cut it off; raise max_output_rows_per_table',
      );
    },
    settingsIgnored(token, cluster) {
      ignored(token, 1);
      warn(
        `settings ${token}`,
        { token, cluster_id: cluster },
        'Settings of a sender are ignored: they are for a cluster that its token does not name; list its id under the clusters of that token, or stop sending them',
      );
    },
    ...clockEvents(telemetry, processor, log),
    gauges: gaugeSetter(telemetry, processor),
    ...checkpointEvents(telemetry, processor, log),
  };
}

export type MetricEvents = Pick<
  AnomalyEvents,
  | 'points'
  | 'series'
  | 'invalidUtf8'
  | 'seriesFailed'
  | 'bound'
  | 'spans'
  | 'anomalyStarted'
  | 'incident'
  | 'windowClosed'
  | 'learnt'
  | 'learningFailed'
  | 'tooLarge'
  | 'resultDropped'
  | 'resultSent'
  | 'gauges'
  | 'truncated'
  | 'settingsIgnored'
  | 'clockIsOff'
  | 'clockAgrees'
  | 'injected'
  | 'checkpointWritten'
  | 'checkpointFailed'
  | 'alertsNotKept'
  | 'restored'
  | 'checkpointRefused'
>;
