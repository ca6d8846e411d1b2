// What arrives from each cluster, as the anomaly processor tells it: problems as checks, the rest as tables.
import type { AnomalyReport, ClusterStatus } from '../../detection/status/cluster-status.js';
import type { StatusDocument } from '../../service/status.js';
import { countOf, formatCount, formatSeconds } from '../../terminal/format.js';
import { formatTable } from '../../terminal/table.js';
import { type Check, fail, ok, warn } from './check.js';

/** Reports by id of the processor. */
export function reportsOf(status: StatusDocument): (readonly [string, AnomalyReport])[] {
  return status.components.flatMap(({ kind, id, state }) =>
    kind === 'processor' && typeof state === 'object' && state !== null && 'senders' in state
      ? [[id, state as AnomalyReport] as const]
      : [],
  );
}

/** What is wrong or not yet there, one line a matter. */
export function checkReport([id, report]: readonly [string, AnomalyReport]): Check[] {
  const hop = `processor ${id}`;
  const checks = report.senders.flatMap((sender) => checkSender(sender));
  if (report.senders.length === 0)
    checks.push(
      warn(hop, 'nothing that tells of edges has arrived yet', 'point a sender at a receiver above (docs/tasks)'),
    );
  const { late, heldBack } = { late: report.points.late, heldBack: report.backlogBytes };
  if (late > 0)
    checks.push(
      warn(
        hop,
        `${countOf(late, 'data point')} came too late for ${late === 1 ? 'its' : 'their'} window`,
        'see docs/tasks/troubleshoot.md',
      ),
    );
  const { overlap, doubtful } = report.points;
  if (overlap > 0)
    checks.push(
      warn(
        hop,
        `${countOf(overlap, 'data point')} of counters that two processes write at once ${overlap === 1 ? 'is' : 'are'} left out`,
        'give each process its own service.instance.id; the log names the series',
      ),
    );
  if (doubtful > 0)
    checks.push(
      warn(
        hop,
        `${countOf(doubtful, 'reading')} of counters fell or leapt too far to be believed`,
        'see docs/tasks/troubleshoot.md; the log names the series',
      ),
    );
  if (heldBack > 0) checks.push(ok(hop, `${countOf(heldBack, 'byte waits', 'bytes wait')} to be learnt from`));
  for (const [bound, count] of Object.entries(report.bounds))
    if (count > 0 && bound !== 'evicted' && bound !== 'otherWindow')
      checks.push(fail(hop, `the bound of ${bound} was reached ${countOf(count, 'time')}`, `raise max_${bound}`));
  for (const feed of report.feeds)
    if (feed.periodMs >= 1.5 * feed.windowMs)
      checks.push(
        warn(
          `sender ${feed.cluster}`,
          `feed ${feed.name} comes every ${formatSeconds(feed.periodMs / 1000)}, its window is ${formatSeconds(feed.windowMs / 1000)}`,
          `presets: [{ name: ${feed.preset}, window: ${Math.round(feed.periodMs / 1000)}s }]`,
        ),
      );
  return checks;
}

function checkSender(sender: ClusterStatus): Check[] {
  const hop = `sender ${sender.name}`;
  const { series } = sender;
  const checks: Check[] = [];
  if (sender.silent)
    checks.push(fail(hop, 'has fallen silent', 'look at the sender: nothing has come for three windows'));
  if (sender.edges === 0 && series.unmapped > 0)
    checks.push(
      fail(
        hop,
        `no edge from ${formatCount(series.unmapped)} series, such as ${sender.unmappedExample ?? ''}`,
        'choose the preset of this sender, or write a rule under features',
      ),
    );
  if (sender.edgesUnresolved > 0)
    checks.push(
      warn(
        hop,
        `${sender.edgesUnresolved} of ${countOf(sender.edges, 'edge')} ${sender.edgesUnresolved === 1 ? 'has' : 'have'} an unknown end, such as ${sender.unresolvedExample ?? ''}`,
        'with Pixie install the scripts of deploy/pixie; elsewhere see that source and destination are sent',
      ),
    );
  if (sender.truncated > 0)
    checks.push(
      warn(
        hop,
        `${countOf(sender.truncated, 'request')} of exactly 10,000 rows: Pixie has cut ${sender.truncated === 1 ? 'it' : 'them'} off`,
        'raise max_output_rows_per_table in Pixie, or let the script run more often',
      ),
    );
  for (const clock of sender.clocks) checks.push(warn(hop, clockText(clock), clockRemedy(clock)));
  if (checks.length === 0) checks.push(ok(hop, summary(sender)));
  return checks;
}

function clockText({ sender, offsetS, isLeftOut }: ClusterStatus['clocks'][number]): string {
  const off = `the clock of ${sender} is ${formatSeconds(Math.abs(offsetS))} ${offsetS > 0 ? 'ahead' : 'behind'}`;
  return isLeftOut ? `${off}: what it sends is not scored` : `${off}: its times are aligned`;
}

function clockRemedy({ offsetS, isLeftOut }: ClusterStatus['clocks'][number]): string {
  const set = 'set its clock (NTP)';
  return isLeftOut && offsetS < 0 ? `${set}; where its times are recorded ones, raise max_past` : set;
}

function summary({ edges, edgesLearning, requests }: ClusterStatus): string {
  const learning = edgesLearning > 0 ? `, ${edgesLearning} still learning` : '';
  return `${countOf(requests, 'request')}, ${countOf(edges, 'edge')}${learning}`;
}

/** Lines for people. */
export function sendersText(senders: readonly ClusterStatus[]): string[] {
  if (senders.length === 0) return [];
  const right = 'right' as const;
  const overview = formatTable(
    [
      { title: 'sender' },
      { title: 'requests', align: right },
      { title: 'edges', align: right },
      { title: 'unresolved', align: right },
      { title: 'learning', align: right },
      { title: 'first alert possible' },
      { title: 'series not used', align: right },
      { title: 'truncated', align: right },
    ],
    senders.map((one) => [
      one.name,
      formatCount(one.requests),
      formatCount(one.edges),
      formatCount(one.edgesUnresolved),
      formatCount(one.edgesLearning),
      readyText(one),
      formatCount(one.series.unmapped + one.series.refused),
      formatCount(one.truncated),
    ]),
  );
  return [...overview, '', ...feedsTable(senders), ...settingsText(senders)];
}

function readyText({ firstReadyInMs, allReadyInMs }: ClusterStatus): string {
  if (firstReadyInMs === undefined || allReadyInMs === undefined) return '–';
  const first = firstReadyInMs === 0 ? 'now' : `in ${formatSeconds(firstReadyInMs / 1000)}`;
  return allReadyInMs === firstReadyInMs ? first : `${first}, all in ${formatSeconds(allReadyInMs / 1000)}`;
}

function feedsTable(senders: readonly ClusterStatus[]): string[] {
  const rows = senders.flatMap(({ name, features, shadowed }) =>
    Object.entries(features).map(([feature, rules]) => [name, feature, served(rules), served(shadowed[feature] ?? {})]),
  );
  const titles = ['sender', 'feature', 'served by (edges)', 'shadowed'].map((title) => ({ title }));
  return rows.length === 0 ? [] : formatTable(titles, rows);
}

function served(entries: Readonly<Record<string, number>>): string {
  return Object.entries(entries)
    .map(([name, count]) => `${name} (${count})`)
    .join(', ');
}

function settingsText(senders: readonly ClusterStatus[]): string[] {
  return senders
    .filter(({ settings }) => Object.keys(settings).length > 0)
    .map(({ name, settings }) => {
      const list = Object.entries(settings).map(([key, value]) => `${key}: ${value}`);
      return `${name} has settings of its own: ${list.join(', ')}`;
    });
}
