// What TypeScript knows of the kernel besides the functions of index.ts: records, enums and numbers.
// scripts/generate-kernel.mjs writes src/kernel/generated/ from it; no part of the program imports this file.
export {
  AGE,
  AGE_GROSS,
  AGE_SILENT,
  COMPONENTS,
  Feature,
  FEATURES,
  Kind,
  LAM1,
  LAM2,
  RECENT,
  SCALES,
  Source,
  WARM,
} from './detect/constants';
export { RecentWindow } from './detect/edge';
export { Form } from './detect/forest-form';
export { MAX_SUBSAMPLE } from './detect/forest-train';
export { BLOCK_ROWS } from './detect/forest-codes';
export { MAX_PROFILES, ProfileInput } from './detect/profile';
export { Band, Exchange, ResultColumns } from './detect/regions';
export { ANY_RANK, MOST_CLOCKS, Role, SeriesType } from './series/record';
export { MetricSpan, Row, RowFlag } from './otlp/row';
export { Region } from './memory';
export { KEPT_SCANS } from './otlp/rows';
export { Status } from './status';
export { MOST_MESSAGES } from './wire/cursor';
export { ClosingTick } from './window/close';
export { Odd, OddRow } from './window/odd-rows';
export { Counts } from './window/counts';
export { YieldingEdge } from './window/dormant';
export { Held, REQUEST_MASK } from './window/fold';
export { SlowRow } from './window/slow-rows';
