// What can happen in the anomaly processor: each event bumps its counter and writes its log line.
import type { ComponentId } from '../pipeline/index.js';
import { formatId } from '../pipeline/index.js';
import type { Telemetry } from './index.js';
import { seldom } from './seldom.js';

/** How many of something there are now, for gauges and the status line. */
export interface AnomalyGauges {
  readonly clusters: number;
  readonly edges: number;
  readonly edgesLearning: number;
  readonly edgesAnomalous: number;
  readonly series: number;
  readonly incidentsOpen: number;
  readonly backlogBytes: number;
  readonly kernelBytes: number;
}

/** `skewed`: the clock is so many seconds ahead; `late`: came after its time; `untimed`: ended before it began. */
export interface OddSpans {
  readonly kind: 'skewed' | 'late' | 'untimed';
  readonly service: string;
  readonly namespace: string;
  readonly seconds: number;
}

/** Names in a line of the log. */
const MOST_EXAMPLES = 5;

export interface AnomalyEvents {
  /** Data points by what became of them, as increments. */
  points(outcome: string, count: number): void;
  /** Series by what the rules made of them; the example is for people. */
  series(outcome: string, example: string): void;
  /**
   * A text of the series is not UTF-8: it is shown with U+FFFD, and forwarded as it came. Told once a sender's cluster.
   */
  invalidUtf8(cluster: string, metric: string, example: string, count?: number): void;
  /** A series could not be read or mapped: our fault. It is not scored; the rest of its request is. */
  seriesFailed(error: unknown): void;
  /** `example`: of what was kept out, or gave way. */
  bound(name: string, count: number, example?: string): void;
  /** Spans of traces pipelines by what became of them, as increments. */
  spans(outcome: string, count: number): void;
  /** Spans whose sender's clock or delay is out of the ordinary. */
  spansOdd(odd: OddSpans): void;
  /** Traces are scored, and no metrics pipeline takes the results. */
  noMetricsPipeline(): void;
  anomalyStarted(kind: string): void;
  incident(state: string): void;
  /** A window of a group was closed, with so many edges seen in it. */
  windowClosed(edges: number): void;
  /** Seconds of processor time that a request took to learn from. */
  learnt(seconds: number): void;
  learningFailed(error: unknown): void;
  tooLarge(bytes: number): void;
  resultDropped(items: number, error: unknown): void;
  resultSent(points: number, events: number): void;
  gauges(values: AnomalyGauges): void;
  edgesNeedScript(cluster: string): void;
  feedTooSlow(feed: FeedAdvice): void;
  /** Two processes write one cumulative identity; only the first is counted. */
  twoWriters(series: TwoWriters): void;
  /** A counter showed a reading that the next one did not bear out, or leapt to another level. */
  oddReading(series: OddSeries): void;
  /** Neither a metric nor its name says in which unit it is; told once a feed and unit. */
  unitAssumed(assumption: UnitAssumption): void;
  settingsChanged(cluster: string, settings: object): void;
  /** A sender has settings for a cluster (its id) that its token does not name. */
  settingsIgnored(token: string, cluster: string): void;
  silent(cluster: string, windowMs: number, isSilent: boolean): void;
  outage(cluster: string, isOutage: boolean): void;
  truncated(rows: number): void;
  /** A sender's clock was found to be off; and to be off no longer. */
  clockIsOff(report: ClockReport): void;
  clockAgrees(report: ClockReport): void;
  edgesLearnt(cluster: string, count: number, examples: readonly string[]): void;
  otherWindow(example: string): void;
  adopted(what: string): void;
  /** The state told of times in the future, for so many clusters and window lengths. */
  timesMended(groups: number): void;
  /** The state held so many values that were no numbers; these edges learn anew, for what they are named by. */
  numbersMended(count: number, edges: readonly string[]): void;
  notAdopted(reason: string): void;
  /** In words, what of a state could not be kept under the present configuration. */
  stateDropped(what: readonly string[]): void;
  checkpointWritten(written: CheckpointWritten): void;
  checkpointFailed(error: unknown): void;
  /** The file of alerts that are told and not over could not be read, written or removed. */
  alertsNotKept(error: unknown): void;
  /** Somebody made up an event to prove the way to the pager. */
  injected(kind: string, edge: string, holdMs: number): void;
  /** At the start: what is still learning. */
  learning(line: string): void;
  /** `ageS`: seconds since it was written. */
  restored(edges: number, ageS: number): void;
  /** `aside`: what the file is kept as. */
  checkpointRefused(reason: string, aside: string | undefined): void;
  /** An operator had a cluster or an edge forgotten. */
  stateForgotten(what: object): void;
  status(line: string, fields: object): void;
}

export interface CheckpointWritten {
  readonly edges: number;
  readonly bytes: number;
  /** From the beginning to the disk; and the longest that the event loop was held to copy a piece of the state. */
  readonly ms: number;
  readonly heldMs: number;
}

/** The clock of a sender, as it differs from the others of its cluster. */
export interface ClockReport {
  readonly cluster: string;
  readonly sender: string;
  readonly windowS: number;
  /** Ahead of the others, or of its receipt; negative: behind. */
  readonly offsetS: number;
  /** Its data is left out, not aligned. */
  readonly isLeftOut: boolean;
}

export interface FeedAdvice {
  readonly cluster: string;
  readonly feed: string;
  readonly preset: string;
  readonly periodMs: number;
  readonly windowMs: number;
}

/** A series as people know it. */
export interface SeriesName {
  readonly cluster: string;
  readonly edge: string;
  readonly metric: string;
  /** What its sender calls itself. */
  readonly sender: string;
}

export interface TwoWriters extends SeriesName {
  /** When each began to count, ISO 8601. */
  readonly countedSince: string;
  readonly otherSince: string;
}

export interface OddSeries extends SeriesName {
  readonly reading: string;
}

export interface UnitAssumption {
  readonly feed: string;
  readonly preset: string;
  readonly rule: string;
  /** The first metric that it was made for. */
  readonly metric: string;
  readonly unit: string;
}

const LEARN_BUCKETS_S = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

/** The events of one processor. */
export function anomalyEvents(telemetry: Telemetry, id: ComponentId): AnomalyEvents {
  const processor = formatId(id);
  const log = telemetry.log.child({ component: processor, kind: 'processor' });
  return { ...counted(telemetry, processor, log), ...said(log) };
}

/** Senders that something is told of once. */
const MOST_TOLD = 1000;

type Log = Telemetry['log'];

type Counted = Pick<
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

/** Names of which something is told once. */
const MAX_TOLD = 10_000;

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

function counted(telemetry: Telemetry, processor: string, log: Log): Counted {
  const labelled = (name: string, help: string, label: string) => {
    const counter = telemetry.counter(name, help, ['processor', label]);
    return (value: string, count: number) => counter.labels({ processor, [label]: value }).inc(count);
  };
  const plain = (name: string, help: string) => telemetry.counter(name, help, ['processor']).labels({ processor });
  const points = labelled('pxanomaly_points', 'Data points by what became of them.', 'outcome');
  const series = labelled('pxanomaly_series_resolved', 'Series by what the rules made of them.', 'outcome');
  const faults = labelled('pxanomaly_series_faults', 'New series with something wrong in them, by reason.', 'reason');
  const badTexts = new Set<string>();
  const spans = labelled('pxanomaly_spans', 'Spans of traces pipelines by what became of them.', 'outcome');
  const bounds = labelled('pxanomaly_bound_reached', 'Times that a bound was reached.', 'bound');
  const anomalies = labelled('pxanomaly_anomalies_started', 'Anomalies started.', 'kind');
  const incidents = labelled('pxanomaly_incidents', 'Incidents by change of state.', 'state');
  const injections = labelled('pxanomaly_injected_events', 'Test events that somebody injected, by kind.', 'kind');
  const results = labelled('pxanomaly_results', 'Our own data points and events by what became of them.', 'outcome');
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
  const warn = seldom((fields, line) => log.warn(fields, line));
  const fail = seldom((fields, line) => log.error(fields, line));
  return {
    points,
    spans,
    series(outcome, example) {
      series(outcome, 1);
      log.debug({ outcome, example }, 'Series resolved');
    },
    invalidUtf8(cluster, metric, example, count = 1) {
      faults('invalid_utf8', count);
      if (badTexts.has(cluster)) return;
      if (badTexts.size >= MOST_TOLD) badTexts.delete(badTexts.values().next().value as string);
      badTexts.add(cluster);
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

function clockEvents(
  telemetry: Telemetry,
  processor: string,
  log: Log,
): Pick<AnomalyEvents, 'clockIsOff' | 'clockAgrees'> {
  const labels = ['processor', 'cluster', 'sender'];
  const offsets = telemetry.gauge(
    'pxanomaly_sender_clock_offset_seconds',
    "How far a sender's clock is ahead of its cluster's others; negative: behind.",
    labels,
  );
  const warn = seldom((fields, line) => log.warn(fields, line));
  const info = seldom((fields, line) => log.info(fields, line));
  const set = ({ cluster, sender }: ClockReport, value: number) =>
    offsets.labels({ processor, cluster, sender }).set(value);
  return {
    clockIsOff(report) {
      set(report, report.offsetS);
      const { cluster, sender, windowS: window_s, offsetS: offset_s, isLeftOut } = report;
      const line = isLeftOut
        ? `A sender's clock is too far ${offset_s > 0 ? 'ahead' : 'behind'}: what it sends is forwarded, not scored; set its clock (NTP)`
        : "A sender's clock differs from the others of its cluster: its times are aligned; set its clock (NTP)";
      warn(`${cluster} ${sender} ${window_s} ${isLeftOut}`, { cluster, sender, offset_s, window_s }, line);
    },
    clockAgrees(report) {
      set(report, 0);
      const { cluster, sender } = report;
      info(`${cluster} ${sender}`, { cluster, sender }, "A sender's clock agrees with the others again");
    },
  };
}

function checkpointEvents(
  telemetry: Telemetry,
  processor: string,
  log: Log,
): Pick<AnomalyEvents, 'checkpointWritten' | 'checkpointFailed' | 'alertsNotKept' | 'restored' | 'checkpointRefused'> {
  const counter = telemetry.counter('pxanomaly_checkpoints', 'Checkpoints by what became of them.', [
    'processor',
    'outcome',
  ]);
  const count = (outcome: string) => counter.labels({ processor, outcome }).inc();
  const gauge = (name: string, help: string) => telemetry.gauge(name, help, ['processor']).labels({ processor });
  const size = gauge('pxanomaly_checkpoint_bytes', 'Size of the last checkpoint written.');
  const time = gauge('pxanomaly_checkpoint_time_seconds', 'When the last checkpoint was written, Unix time.');
  const took = gauge('pxanomaly_checkpoint_write_seconds', 'Time that the last checkpoint took to write.');
  return {
    checkpointWritten({ edges, bytes, ms, heldMs }) {
      count('written');
      size.set(bytes);
      time.set(Date.now() / 1000);
      took.set(ms / 1000);
      log.info({ edges, bytes, ms: Math.round(ms), held_ms: Math.round(heldMs) }, 'Checkpoint written');
    },
    checkpointFailed(error) {
      count('failed');
      log.error({ err: error }, 'The state could not be written; the last checkpoint stands');
    },
    alertsNotKept(error) {
      const text = 'The file of open alerts cannot be used: after a crash, alerts may be told twice';
      log.error({ err: error }, text);
    },
    restored(edges, ageS) {
      count('restored');
      log.info({ edges, age_s: Math.round(ageS) }, 'State of the detectors restored from a checkpoint');
    },
    checkpointRefused(reason, aside) {
      count('refused');
      log.warn({ reason, kept_as: aside }, 'The checkpoint is not used; the detectors learn anew');
    },
  };
}

function gaugeSetter(telemetry: Telemetry, processor: string): (values: AnomalyGauges) => void {
  const make = (name: string, help: string) => telemetry.gauge(name, help, ['processor']).labels({ processor });
  const all: Readonly<Record<keyof AnomalyGauges, ReturnType<typeof make>>> = {
    clusters: make('pxanomaly_clusters', 'Clusters seen.'),
    edges: make('pxanomaly_edges', 'Edges known.'),
    edgesLearning: make('pxanomaly_edges_learning', 'Edges too young to alert.'),
    edgesAnomalous: make('pxanomaly_edges_anomalous', 'Edges with an anomaly now.'),
    series: make('pxanomaly_series', 'Series known.'),
    incidentsOpen: make('pxanomaly_incidents_open', 'Incidents open now.'),
    backlogBytes: make('pxanomaly_learning_backlog_bytes', 'Requests that wait to be learnt from.'),
    kernelBytes: make('pxanomaly_kernel_memory_bytes', 'Memory of the kernel.'),
  };
  return (values) => {
    for (const name of Object.keys(all) as (keyof AnomalyGauges)[]) all[name].set(values[name]);
  };
}

const ODD_SPANS: Readonly<Record<OddSpans['kind'], string>> = {
  skewed:
    "Spans of a service are dated by a clock that is off: its calls count at the others' time; set the clock right",
  late: 'Spans come after the other end of their call was told alone; raise traces.wait, or export spans sooner',
  untimed: 'Spans end before they begin: their calls count without a duration; set the clock right',
};

/** What is only said. */
function said(log: Log): Omit<AnomalyEvents, keyof Counted> {
  const once = new Set<string>();
  const firstTime = (key: string) => {
    if (once.has(key)) return false;
    // Names are the senders' words: those told longest ago are told again rather than new ones never.
    if (once.size >= MAX_TOLD) once.delete(once.values().next().value as string);
    once.add(key);
    return true;
  };
  const info = seldom((fields, line) => log.info(fields, line));
  const warn = seldom((fields, line) => log.warn(fields, line));
  return {
    spansOdd({ kind, service, namespace, seconds }) {
      const skew = kind === 'skewed' ? { ahead_s: Math.round(seconds) } : {};
      warn(`spans ${kind}`, { service, namespace, ...skew }, ODD_SPANS[kind]);
    },
    noMetricsPipeline() {
      log.warn('Traces are scored, but no metrics pipeline names this processor: nothing of it goes out');
    },
    edgesNeedScript(cluster) {
      if (!firstTime(cluster)) return;
      log.info(
        { cluster },
        'Data names no destination services: scored per service; for edges, install the scripts of deploy/pixie',
      );
    },
    feedTooSlow({ cluster, feed, preset, periodMs, windowMs }) {
      const setting =
        preset === 'features'
          ? `window: ${Math.round(periodMs / 1000)}s in the feature rule`
          : `presets: [{ name: ${preset}, window: ${Math.round(periodMs / 1000)}s }]`;
      log.warn(
        { cluster, feed, period_s: periodMs / 1000, window_s: windowMs / 1000, setting },
        'A feed sends less often than its window is long; set its window to the period',
      );
    },
    twoWriters: ({ cluster, edge, metric, sender, countedSince, otherSince }) =>
      warn(
        `writers ${cluster}`,
        { cluster, edge, metric, sender, counted_since: countedSince, other_since: otherSince },
        'Two processes that call themselves the same write one counter: only the first is counted; give each its own service.instance.id',
      ),
    oddReading: ({ cluster, edge, metric, sender, reading }) =>
      warn(
        `reading ${cluster}`,
        { cluster, edge, metric, sender, reading },
        reading === 'leapt'
          ? 'A counter leapt to another level: the leap is not counted'
          : 'A counter showed a wrong reading and came back: the reading is not counted',
      ),
    unitAssumed({ feed, preset, rule, metric, unit }) {
      if (!firstTime(`unit of ${preset} ${feed} ${unit}`)) return;
      const setting =
        preset === 'features'
          ? `default_unit: ms in the feature rule ${rule}`
          : `presets: [{ name: ${preset}, default_unit: ms }]`;
      log.warn(
        { feed, metric, unit, setting },
        'Neither the metric nor its name says its unit: it is taken to be in the one told here; if it is not, set it',
      );
    },
    settingsChanged: (cluster, settings) =>
      info(`settings of ${cluster}`, { cluster, ...settings }, "A sender's settings apply to its cluster"),
    silent(cluster, windowMs, isSilent) {
      const line = isSilent ? 'A cluster has fallen silent: its group is frozen' : 'A cluster reports again';
      log.warn({ cluster, window_s: windowMs / 1000 }, line);
    },
    outage(cluster, isOutage) {
      log.warn({ cluster }, isOutage ? 'Most edges fell silent at once: taken for an outage' : 'The outage is over');
    },
    edgesLearnt: (cluster, count, examples) =>
      log.info({ cluster, count, examples }, 'Edges that were new within the last hour, while learning'),
    otherWindow: (example) =>
      info('other_window', { example }, 'A series of another window length than its edge has; it is not scored'),
    stateDropped: (what) => log.warn({ dropped: what }, 'The configuration has changed: not all of the state is kept'),
    timesMended: (groups) =>
      log.warn(
        { groups },
        'The state told of times in the future: it is kept, and goes on at the time of the next data',
      ),
    numbersMended: (count, edges) =>
      log.warn(
        { mended: count, edges: edges.length, examples: edges.slice(0, MOST_EXAMPLES) },
        'The state held what is no number (NaN or infinite): what is learnt of it starts again, everything else is kept',
      ),
    adopted: (what) => log.info({ state: what }, 'State of the detectors kept'),
    notAdopted: (reason) => log.warn({ reason }, 'State of the detectors is not taken over; they learn anew'),
    learning: (line) => log.info(line),
    stateForgotten: (what) => log.warn({ forgotten: what }, 'An operator had a cluster or an edge forgotten'),
    status: (line, fields) => log.info(fields, line),
  };
}
