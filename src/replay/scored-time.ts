// When which edges were scored, from the gauges of their scores: what false alarms are counted by.

import { Key } from '../detection/vocabulary/attributes.js';
import { METRICS } from '../detection/vocabulary/metrics.js';
import { ExportMetricsServiceRequest } from '../otlp/index.js';
import { edgeKey } from './episodes.js';

/** The times at which each edge had a score. */
export class ScoredTime {
  /** Unix seconds by edge, ascending. */
  readonly times: Map<string, number[]> = new Map();
  firstTime = 0;
  lastTime = 0;

  /** Takes the results of a window in. */
  add(body: Uint8Array): void {
    for (const { scopeMetrics } of ExportMetricsServiceRequest.decode(body).resourceMetrics) {
      for (const metric of scopeMetrics?.flatMap(({ metrics }) => metrics ?? []) ?? []) {
        if (metric.name !== METRICS.score.name) continue;
        for (const point of metric.gauge?.dataPoints ?? []) {
          const attributes = new Map(point.attributes?.map(({ key, value }) => [key, value?.stringValue ?? '']));
          this.addOne(attributes, Number(BigInt(String(point.timeUnixNano ?? 0)) / 1000n) / 1e6);
        }
      }
    }
  }

  private addOne(attributes: ReadonlyMap<string | null | undefined, string>, time: number): void {
    const text = (key: string): string => attributes.get(key) ?? '';
    const key = edgeKey({
      cluster: text(Key.clusterId),
      namespace: text(Key.destinationNamespace),
      src_namespace: text(Key.sourceNamespace),
      src_service: text(Key.sourceService),
      dst_service: text(Key.destinationService),
    });
    const times = this.times.get(key);
    if (times) times.push(time);
    else this.times.set(key, [time]);
    if (this.firstTime === 0 || time < this.firstTime) this.firstTime = time;
    this.lastTime = Math.max(this.lastTime, time);
  }
}
