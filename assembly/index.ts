// The export list and nothing else.
export * from './detect/api';
export {
  brokenGuard,
  inputAddress,
  inputFor,
  regionAddress,
  regionBytes,
  regionCount,
  regionNumber,
} from './memory';
export { scanFailedAt, scanItems, scanLogs, scanMetrics, scanRows, scanTraces, selectScan } from './otlp/request';
export { metricAt, rowAt } from './otlp/rows';
export { templateHits, templateMisses } from './otlp/template-rows';
export { configureTemplates } from './otlp/templates';
export { bindSeries, lookUpRows, reclaimSeries, refuseRow, saltRows, unbindAll, unboundList, wasRefused } from './series/bind';
export { isSeries, reindexSeries, seriesHigh, seriesTouched, seriesUsed } from './series/table';
export { configureSeries, init } from './setup';
export {
  addLevel,
  appendEdge,
  beginClose,
  closeSlice,
  closingTick,
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
export { fold, foldHeld, foldNext, foldStopped, isClaiming, heldOf, slowCount, slowList } from './window/fold';
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
