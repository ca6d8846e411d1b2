// What the anomaly processor only logs.

import type { MetricEvents } from './anomaly-counters.js';
import type { AnomalyEvents, Log, OddSpans } from './anomaly-events.js';
import { rateLimited } from './rate-limited-log.js';

/** Names in a line of the log. */
const MOST_EXAMPLES = 5;

/** Names of which something is told once. */
const MAX_TOLD = 10_000;

const ODD_SPANS: Readonly<Record<OddSpans['kind'], string>> = {
  skewed:
    "Spans of a service are dated by a clock that is off: its calls count at the others' time; set the clock right",
  late: 'Spans come after the other end of their call was told alone; raise traces.wait, or export spans sooner',
  untimed: 'Spans end before they begin: their calls count without a duration; set the clock right',
};

/** What is only said. */
export function logEvents(log: Log): Omit<AnomalyEvents, keyof MetricEvents> {
  const once = new Set<string>();
  const firstTime = (key: string) => {
    if (once.has(key)) return false;
    // Names are the senders' words: those told longest ago are told again rather than new ones never.
    if (once.size >= MAX_TOLD) once.delete(once.values().next().value as string);
    once.add(key);
    return true;
  };
  const info = rateLimited((fields, line) => log.info(fields, line));
  const warn = rateLimited((fields, line) => log.warn(fields, line));
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
