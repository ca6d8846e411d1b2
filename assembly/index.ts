// The export list and nothing else.
export * from './detect/face';
export {
  ROW_BYTES,
  ROW_POINT,
  ROW_METRIC,
  ROW_SERIES,
  ROW_FLAGS,
  ROW_TIME,
  ROW_VALUE,
  ROW_COUNT,
  ROW_START_TIME,
  ROW_HASH,
  ROW_FLAG_COPY,
  ROW_FLAG_NO_VALUE,
  ROW_FLAG_VALUE,
  ROW_FLAG_COUNT,
  METRIC_BYTES,
} from './layout';
export {
  brokenGuard,
  inputAddress,
  inputFor,
  regionAddress,
  regionBytes,
  regionCount,
  regionIsState,
} from './memory';
export { scanFailedAt, scanItems, scanLogs, scanMetrics, scanRows, scanTraces, selectScan } from './otlp/request';
export { KEPT_SCANS, metricAt, rowAt } from './otlp/rows';
export { templateHits, templateMisses } from './otlp/template-rows';
export { configureTemplates } from './otlp/templates';
export { bindSeries, lookUpRows, reclaimSeries, refuseRow, saltRows, unbindAll, unboundList, wasRefused } from './series/bind';
export { isSeries, reindexSeries, seriesHigh, seriesTouched, seriesUsed } from './series/table';
export { configureSeries, init } from './setup';
export { Status } from './status';
export {
  addLevel,
  appendEdge,
  beginClose,
  closeSlice,
  closingNew,
  closingNewList,
  closingSkipped,
  closingTick,
  closingTime,
  edgeFirstTime,
  flushDue,
  forgetNewest,
  setFeatureRank,
} from './window/close';
export { oddCount, oddList } from './window/counters';
export { foldCounts } from './window/counts';
export {
  eventClock,
  feedTouched,
  findYielding,
  groupEdges,
  groupTouched,
  groupWatched,
  mayYield,
  silentWindows,
  yieldingList,
} from './window/dormant';
export { fold, foldHeld, foldNext, foldStopped, isClaiming, isHeld, slowCount, slowList } from './window/fold';
export {
  addClock,
  addEdge,
  addFeed,
  addGroup,
  addService,
  clockMoves,
  clocksHigh,
  edgesHigh,
  edgesUsed,
  feedsHigh,
  feedsUsed,
  groupsHigh,
  groupsUsed,
  isEdge,
  isService,
  removeEdge,
  removeFeed,
  removeGroup,
  removeService,
  renewClock,
  servicesHigh,
  setEdgeProfile,
} from './window/graph';
export { mendEdge, mendGroup, mendService, mendTimes } from './window/mend';
export { moveEdge, moveSeries, moveService, trimSlots } from './window/move';
export { clockFuture, clockNewest, clockReceived, clockShift, feedPeriod, feedPhase, feedTicks } from './window/ticks';
