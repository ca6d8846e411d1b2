// Start of the kernel: every region laid out once, in the order of the memory map.
import { detectInit } from './detect/api';
import { configureGraph, graphInit } from './graph/slots';
import { finishLayout } from './memory';
import { rowsInit } from './otlp/rows';
import { templateRowsInit } from './otlp/template-rows';
import { bindInit } from './series/bind';
import { hashInit } from './series/hash';
import { knownInit } from './series/known';
import { configureTable, tableInit } from './series/table';
import { Status } from './status';
import { closeInit } from './window/close';
import { countsInit } from './window/counts';
import { dormantInit } from './window/dormant';
import { foldInit } from './window/fold';
import { structureInit } from './wire/structure';

/**
 * Options of series and clocks; called before `init`. Without a call there is no room for series, and they are hashed
 * with seed 0.
 */
export function configureSeries(maxSeries: i32, maxFeeds: i32, maxClocks: i32, hashSeed: u64, idleSeconds: u32): void {
  hashInit(hashSeed);
  configureTable(maxSeries, idleSeconds);
  configureGraph(maxFeeds, maxClocks);
}

/**
 * Lays out memory for the given capacities. Called once, before anything else; see `KernelOptions` for the meaning of
 * each.
 */
export function init(maxEdges: i32, maxServices: i32, maxGroups: i32, inputLimitBytes: i32): i32 {
  structureInit();
  knownInit();
  rowsInit();
  bindInit();
  tableInit();
  graphInit(maxEdges, maxServices, maxGroups);
  countsInit();
  foldInit();
  dormantInit();
  closeInit(maxEdges);
  detectInit(maxEdges, maxServices, maxGroups);
  // Behind all state: regions of state keep their numbers, and older snapshots fit.
  templateRowsInit();
  return finishLayout(inputLimitBytes) ? Status.OK : Status.NO_MEMORY;
}
