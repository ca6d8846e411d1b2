// The export list and nothing else.
export * from './detect/face';
export * from './layout';
export {
  brokenGuard,
  inputAddress,
  inputFor,
  regionAddress,
  regionBytes,
  regionCount,
  regionIsState,
} from './memory';
export { scanFailedAt, scanItems, scanLogs, scanMetrics, scanRows, scanTraces } from './otlp/request';
export { metricAt, rowAt } from './otlp/rows';
export { init } from './setup';
export { Status } from './status';
