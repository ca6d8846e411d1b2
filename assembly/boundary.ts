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
  RECENT,
  SCALES,
  Source,
  WARM,
} from './detect/constants';
export { RecentWindow } from './detect/edge';
export { Form } from './detect/forest-form';
export { MAX_SUBSAMPLE } from './detect/forest-train';
export { BLOCK_ROWS } from './detect/forest-walk';
export { MAX_PROFILES, ProfileInput } from './detect/profile';
export { Band, Exchange, ResultColumns } from './detect/regions';
export { ANY_RANK, MetricSpan, MOST_CLOCKS, Role, Row, RowFlag, SeriesType } from './layout';
export { Region } from './memory';
export { KEPT_SCANS } from './otlp/rows';
export { Status } from './status';
export { MOST_MESSAGES } from './wire/cursor';
export { ClosingTick } from './window/close';
export { Odd, OddRow } from './window/counters';
export { Counts } from './window/counts';
export { YieldingEdge } from './window/dormant';
export { Held, REQUEST_MASK, SlowRow } from './window/fold';
