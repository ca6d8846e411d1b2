// Every constant of the detection, with its meaning. Time is counted in windows unless a line says otherwise.
// Specified in docs/detection.md, sections 1 to 11.

import { Feature } from './kinds';

export { Feature, Kind, Source } from './kinds';

/** Features, the last axis of the window input. */
export const LAT = Feature.LATENCY;
export const RATE = Feature.REQUESTS;
export const ERR = Feature.ERRORS;
export const BYT = Feature.BYTES;
export const FEATURES = 4;
/** Instant, gain LAM1, gain LAM2. */
export const SCALES = 3;
/** Signed surprises of an edge and window, feature-major: 3 k + j. */
export const COMPONENTS = 12;

// -- level and scale
/** Slowest gain of the level, of the usual requests and of a service's load: 1/NF. */
export const NF: f64 = 120;
/** Slowest gain of the variance: 1/NS. */
export const NS: f64 = 300;
/** |z| beyond which a window teaches no more than CLIP. */
export const CLIP: f64 = 3;
/** |z| beyond which the variance learns RW times slower, after SETTLED samples. */
export const REJ: f64 = 5;
export const RW: f64 = 0.1;
export const SETTLED: f64 = 30;
/** Consecutive windows beyond CLIP on one side: an accepted level shift, learnt with gain SACC/NF. */
export const SHIFT: f64 = 30;
export const SACC: f64 = 8;

// -- errors (binomial)
/** Memory of the error rate. */
export const NE: f64 = 720;
/** Prior error rate, worth PRIOR_N requests. */
export const PRIOR_P: f64 = 0.005;
export const PRIOR_N: f64 = 100;
/** Variance added to n p (1 - p). */
export const C0: f64 = 0.5;

/** Latency allowance per nat of load excess at the destination. */
export const KAPPA: f64 = 0.2;

// -- three time scales
export const LAM1: f64 = 0.3;
export const LAM2: f64 = 0.1;
/** |z| is clipped here before smoothing. */
export const ZC: f64 = 6;

// -- tail calibration
/** q is the 1 - P0 quantile of the weighted z; the surprise there is L0 = -ln P0. */
export const P0: f64 = 0.01;
export const L0: f64 = 4.605170185988091;
/** Shape of the generalised Pareto tail beyond q. */
export const XI: f64 = 0.1;
/** The same for errors, where small counts are judged by themselves. */
export const XI_ERR: f64 = 0.2;
/** Largest surprise. */
export const LMAX: f64 = 40;
export const Q0: f64 = 2.3;
export const B0: f64 = 0.5;
/** Exceedances at which the edge's own mean excess weighs as much as the group's. */
export const N0: f64 = 30;
/** Slowest gain of the mean excess: 1/NX. */
export const NX: f64 = 200;
/** Step of q in mean excesses, 1 + QB times larger while there are no exceedances yet. */
export const QS: f64 = 0.03;
export const QB: f64 = 10;
/** Gain of the group's mean excess. */
export const POP: f64 = 0.002;
/** A surprise above LCAL for more than RL/gain windows is one long event and teaches the tail CW times as much. */
export const LCAL: f64 = 5;
export const RL: f64 = 2;
export const CW: f64 = 0.1;
/** Samples before a long event is recognised; samples before the tail learns. */
export const LONG_AFTER: f64 = 60;
export const CMIN: f64 = 10;
/**
 * So many times the usual requests of an edge are believed in one window (as many as it has windows, while those are
 * fewer), for all that is learnt from their number.
 */
export const CREDIBLE: f64 = 100;
/**
 * Usual requests that are so many times too high were spoiled: they fade by HEAL a window, and a young edge's error
 * rate starts again.
 */
export const SPOILED: f64 = 128;
export const HEAL: f64 = 0.95;
/** Windows: what is older has learnt its error rate from requests that were believed. */
export const SPOILED_YOUNG: f64 = 1000;

// -- small counts
/** Share of what is expected below which a sum of requests is evidence at all. */
export const COUNT_DRIFT: f64 = 0.8;
/** Memory of what is known of the spread of requests. */
export const COUNT_MEMORY: f64 = 4320;
/** Nats that a silence may count more than its habit allows, where the source goes on receiving. */
export const SILENT_BUSY: f64 = 3;
/**
 * Nats that a sum of errors may count: how far they burst is assumed, not learnt, so that what lies further out is not
 * known.
 */
export const ERROR_SUM_MOST: f64 = 15;
/** Silent windows after which the sums of requests start again. */
export const COUNT_GAP: f64 = 6;

// -- missing windows
/** Memory of the presence counts. */
export const PRES: f64 = 4320;
/** Silent windows after which an edge is dormant. */
export const GONE: f64 = 60;
/** Present windows before an edge may alert or is counted in an outage. */
export const WARM: f64 = 60;
/**
 * An outage needs so many warm edges that are not dormant, and more than OUT of them silent with evidence above OUT_L.
 */
export const OUT_N: i32 = 8;
export const OUT_L: f64 = 4;
export const OUT: f64 = 0.5;
/** Outage windows in one silence after which an edge no longer counts as silent. */
export const LOST: f64 = 360;

// -- score and alert
/**
 * Window length, seconds, at which level and age factor were measured first. Of a longer window the level is lower by
 * LEVEL_SLOPE nats for each unit of ln(window), by LONG_SLOPE beyond LONG_WINDOW, and AGE has that exponent.
 */
export const LEVEL_WINDOW: f64 = 10;
export const LEVEL_SLOPE: f64 = 0.5;
export const LONG_WINDOW: f64 = 60;
export const LONG_SLOPE: f64 = 0.7;
export const AGE_SLOPE: f64 = 0.4;
/** Present windows of LEVEL_WINDOW at which the evidence counts half. */
export const AGE: f64 = 200;
/** Nats of latency up, rate down, bytes either way that are gross; points of error rate up. */
export const GROSS: f64 = 1;
export const GROSS_ERR: f64 = 0.15;
/** Least requests in a gross window; least usual requests for a gross rate or silence. */
export const GROSS_N: f64 = 10;
export const BUSY: f64 = 30;
/** Age factor of gross changes and of the silence of a busy edge: n / (n + min(AGE, factor n)). */
export const AGE_GROSS: f64 = 0.05;
export const AGE_SILENT: f64 = 0.3;
/** Samples that level and scale count once the warm-up is over. */
export const REOPEN: f64 = 10;
/** Nats taken off Fisher, the forest and the autoencoder. */
export const PEN: f64 = 1.5;
/** One false episode per edge in so many days is the design target; nats off its level for the two-window rule. */
export const BUDGET_DAYS: f64 = 7;
export const RELAX: f64 = 2;
/** Nats above the level at which one window is enough. */
export const XL: f64 = 4;
/** Consecutive windows at the level that turn an alert on; below OFF of it for KOFF windows turn it off. */
export const KON: f64 = 2;
export const OFF: f64 = 0.398;
export const KOFF: f64 = 3;

// -- incident channels
/** Nats taken off bytes (unless told otherwise) and off traffic going up: a change, not by itself a fault. */
export const SOFT: f64 = 2;
export const CHANNEL_AGE: f64 = 100;
/** A channel turns off below CHANNEL_OFF of the level for KOFF consecutive windows. */
export const CHANNEL_OFF: f64 = 0.7;
/** Windows kept for the ranking of root causes. */
export const RECENT = 4;

// -- isolation forest and autoencoder
/** Nats a component of a vector is clipped at. */
export const CAP: f32 = 15;

/** Least standard deviation of a transformed value by feature. */
export function floorOf(k: i32): f64 {
  return k == BYT ? 0.1 : 0.05;
}

/** Starting standard deviation of a transformed value by feature. */
export function startOf(k: i32): f64 {
  return k == BYT ? 0.25 : 0.15;
}

/** How much a rise of a feature counts. */
export function weightUp(k: i32): f64 {
  return k == RATE ? 0.5 : k == BYT ? 0.8 : 1;
}

/** How much a fall of a feature counts. */
export function weightDown(k: i32): f64 {
  return k == LAT ? 0.25 : k == RATE ? 1 : k == ERR ? 0 : 0.8;
}
