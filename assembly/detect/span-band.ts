// What a feature was on average over the span of a slow time scale, and the bounds beyond which that scale alone would
// alert: what an alert shows whose evidence no window gives by itself.
// Specified in docs/detection.md, section 5.
import { band, isJudged, levelOf, received } from './band';
import { ERR, LMAX, N0, RATE, SCALES, WARM, weightDown, weightUp } from './constants';
import { Edge } from './edge';
import { ageWeight } from './evidence';
import { Group } from './group';
import { options } from './options';
import { Band, columns, edgeAt, groupAt, windowAt } from './regions';
import { shapeOf, SHRINK1, SHRINK2, tailReach } from './tails';

/**
 * What was counted, as a share of what was expected, in the faded sum of gain LAM1 (j 1) or LAM2 (j 2); NaN: the
 * feature is not counted.
 */
function counted(e: Edge, k: i32, j: i32): f64 {
  if (!options.counts || (k != ERR && !(k == RATE && e.context > 0))) return NaN;
  const errors = k == ERR;
  const seen = <f64>(j == 1 ? (errors ? e.errorSeen1 : e.rateSeen1) : errors ? e.errorSeen2 : e.rateSeen2);
  const expected = <f64>(
    (j == 1 ? (errors ? e.errorExpected1 : e.rateExpected1) : errors ? e.errorExpected2 : e.rateExpected2)
  );
  return expected > 0 ? seen / expected : NaN;
}

/**
 * How far the tail has moved by learning this window: its z over the z that the surprise told of it would need now. So
 * a bound agrees with the surprise. 1 where another detector may have set the surprise, or the z was out of scale.
 */
function moved(edge: i32, e: Edge, k: i32, j: i32, q: f64, b: f64): f64 {
  const surprise = <f64>load<f32>(changetype<usize>(columns.surprise[edge]) + ((SCALES * k + j) << 2));
  const L = Math.abs(surprise);
  const isCounted = j == 2 && options.counts && (k == ERR || k == RATE);
  if (isCounted || !(L > 0 && L < LMAX)) return 1;
  const z = Math.abs(<f64>e.smooth[2 * k + j - 1]) / (j == 1 ? SHRINK1 : SHRINK2);
  return (z * (surprise > 0 ? weightUp(k) : weightDown(k))) / tailReach(L, q, b, shapeOf(k));
}

/** Distance from the level, in standard deviations of a window, at which scale j alone reaches the alert level. */
function reach(edge: i32, g: Group, e: Edge, k: i32, j: i32, up: bool): f64 {
  const weight = up ? weightUp(k) : weightDown(k);
  const i = SCALES * k + j;
  const h = N0 / (<f64>e.exceedances[i] + N0);
  const b = e.b[i] * (1 - h) + g.b[i] * h;
  const T = levelOf(g, e, k, up) / ageWeight(<f64>e.windows, e.isGross, true, <f64>g.age);
  const u = tailReach(T, e.q[i], b, shapeOf(k)) * moved(edge, e, k, j, e.q[i], b);
  return u >= 0 && weight > 0 ? (u / weight) * (j == 1 ? SHRINK1 : SHRINK2) : Infinity;
}

/**
 * The band of feature k over the span of time scale j (0: the window just closed), in `exchange.band`: `observed` is
 * the mean over the span, as far from `expected` as the smoothed z or the sums of counts say. The window's band where
 * the feature was not judged in it.
 */
export function spanBand(edge: i32, k: i32, j: i32): Band {
  const out = band(edge, k);
  const e = edgeAt(edge);
  if (j == 0 || !isJudged(e, k)) return out;
  const g = groupAt(e.group);
  const n = windowAt(edge)[RATE];
  const ctx = e.context;
  const level = k == ERR ? e.loc[k] * n : e.loc[k];
  const sd = <f64>e.sd[k];
  const share = counted(e, k, j);
  const mean = level + <f64>e.smooth[2 * k + j - 1] * sd;
  out.observed = share == share ? out.expected * share : received(k, mean, n, ctx);
  if (k == ERR) out.observed = min(out.observed, 1);
  if (<f64>e.windows < WARM) return out;
  const down = reach(edge, g, e, k, j, false);
  const up = reach(edge, g, e, k, j, true);
  out.lower = down == Infinity ? NaN : received(k, level - down * sd, n, ctx);
  out.upper = up == Infinity ? NaN : received(k, level + up * sd, n, ctx);
  return out;
}
