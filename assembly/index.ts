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
export {
  scanBadTextEnd,
  scanBadTexts,
  scanBadTextStart,
  scanFailedAt,
  scanItems,
  scanLogs,
  scanMetrics,
  scanRows,
  scanTraces,
  selectScan,
} from './otlp/request';
export { metricAt, rowAt } from './otlp/rows';
export { templateHits, templateMisses } from './otlp/template-rows';
export { configureTemplates } from './otlp/templates';
export { bindSeries, lookUpRows, saltRows, unbindAll, unboundList } from './series/bind';
export { refuseRow, wasRefused } from './series/refuse';
export { reclaimSeries } from './series/links';
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
export { oddCount, oddList } from './window/odd-rows';
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
export { fold, foldHeld, foldNext, foldStopped, heldOf, isClaiming } from './window/fold';
export { slowCount, slowList } from './window/slow-rows';
export {
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
  servicesHigh,
} from './graph/slots';
export { addEdge, addService, removeEdge, removeService, setEdgeProfile } from './window/edge-slots';
export { addFeed, addGroup, removeFeed, removeGroup, renewLevels } from './window/group-slots';
export { addClock, renewClock } from './window/clock-slots';
export { mendEdge, mendGroup, mendService, mendTimes } from './window/mend';
export { moveEdge, moveSeries, moveService, trimSlots } from './window/move';
export { clockFuture, clockNewest, clockReceived, clockShift } from './window/ticks';
export { feedPeriod, feedPhase, feedTicks } from './window/feeds';
