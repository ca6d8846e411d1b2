// The diagnosis for people: a line for each check, what to do below those that are not well, tables of the senders.
import type { ClusterStatus } from '../../detection/status/cluster-status.js';
import { painter } from '../../terminal/colour.js';
import type { CommandIo } from '../../terminal/io.js';
import type { Check, CheckOutcome } from './check.js';
import { sendersText } from './senders.js';

export interface Diagnosis {
  readonly checks: readonly Check[];
  readonly senders: readonly ClusterStatus[];
}

export function printDiagnosis({ checks, senders }: Diagnosis, io: CommandIo): void {
  const paint = painter(io.stdout, io.env);
  const labels: Readonly<Record<CheckOutcome, string>> = {
    ok: paint.green('ok  '),
    warn: paint.yellow('warn'),
    fail: paint.red('FAIL'),
  };
  const width = Math.max(...checks.map(({ hop }) => hop.length));
  const lines = checks.flatMap(({ hop, outcome, found, advice }) => [
    `${labels[outcome]}  ${hop.padEnd(width)}  ${found}`,
    ...(advice === '' ? [] : [`      ${' '.repeat(width)}  ${paint.bold('→')} ${advice}`]),
  ]);
  const count = (wanted: CheckOutcome): number => checks.filter(({ outcome }) => outcome === wanted).length;
  const tables = sendersText(senders);
  const closing = `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed`;
  io.stdout.write(`${[...lines, '', ...tables, ...(tables.length > 0 ? [''] : []), closing].join('\n')}\n`);
}
