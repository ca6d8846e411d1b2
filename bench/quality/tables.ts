// The isolation forest on public tables, against scikit-learn's.
import { readFileSync } from 'node:fs';
import { IsolationForest } from '../../src/kernel/isolation-forest.js';

export const TABLES = [
  'mammography',
  'annthyroid',
  'breastw',
  'pima',
  'satellite',
  'shuttle',
  'ionosphere',
  'arrhythmia',
] as const;

/** Area under the receiver operating characteristic; ties count half. */
export function areaUnderCurve(scores: Float64Array, labels: Uint8Array): number {
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  let [ranks, positives] = [0, 0];
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && scores[order[end]!] === scores[order[i]!]) end++;
    for (const row of order.slice(i, end)) {
      if (labels[row] !== 1) continue;
      ranks += (i + end + 1) / 2;
      positives++;
    }
    i = end;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

export interface TableResult {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Mean over seeds. */
  readonly ours: number;
  readonly theirs: number;
  readonly theirDeviation: number;
}

export function runTables(folder: string, seeds: number): TableResult[] {
  const read = <T>(file: string): T => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as T;
  const reference = read<Record<string, { auc: number; sd: number }>>('sklearn-reference.json');
  const meta = read<Record<string, { cols: number }>>('meta.json');
  return TABLES.map((name) => {
    const columns = meta[name]!.cols;
    const matrix = new Float32Array(Uint8Array.from(readFileSync(`${folder}/${name}.f32`)).buffer);
    const labels = readFileSync(`${folder}/${name}.label.u8`);
    const areas = Array.from({ length: seeds }, (_, seed) =>
      areaUnderCurve(IsolationForest.train(matrix, columns, { seed }).score(matrix), labels),
    );
    const { auc, sd } = reference[name]!;
    const ours = areas.reduce((sum, area) => sum + area, 0) / seeds;
    return { name, rows: labels.length, columns, ours, theirs: auc, theirDeviation: sd };
  });
}
