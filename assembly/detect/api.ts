// The boundary of the detection: everything that the windows' half of the kernel and TypeScript may call, and nothing
// else.
//
// Start: configureDetectors, then detectInit (from the kernel's init); resetGroup, resetService, resetEdge + setEdge as
// slots are taken. A tick of group g, once its windows are accumulated:
//   1. skipTicks(g, n)           if n empty ticks were passed over: an outage for every edge of the group
//   2. orderAppend(g, e)         for edges first seen in this tick, in the order of (first event time, name)
//   3. windowAt(e)               write f64[4] latency (s), requests, errors, bytes for EVERY edge of the order;
//                                NaN absent
//   4. closeBegin(g, result)     contexts of the services, outage; the record is the caller's
//   5. closeEdges(g, budget, result)  until it returns true; `budget` is about the edges' worth of work of one slice
//   6. results                   columns by edge slot, band, recent: valid until the next closing of the same group;
//                                the record
// One closing runs at a time; edges are added or removed between closings only. windowAt(e) must keep its values for
// `band`.
export { band } from './band';
export { spanBand } from './span-band';
export { closeBegin, closeEdges, skipTicks } from './close';
export { foldVectors, forestCalibration, forestForm, forestHeld, forestRandom, forestTree, forestVector } from './forest';
export { forgetForests } from './forest-pool';
export { tableAt, tableForm, tableInit, tableScore, tableScoreRows, tableScores, tableTrain } from './forest-table';
export { recent, recentPeak } from './incident';
export { configureDetectors, detectInit, resetGroup } from './init';
export { moveEdgeState, moveServiceState, packOrders, renewCoder, renewForest } from './move';
export { orderAppend, orderCopy, orderCount, orderRemove } from './order';
export { columnsAt, exchangeAt, windowAt } from './regions';
export { ageOf, alertLevel, resetEdge, resetService, setEdge, setGroupLevels, setIncidentLevel, setProfile, wasOutage } from './state';
