// Plain TypeScript incident channels: what one edge gives to the incident layer.
import { gammaTail } from './detect-score.js';
import { ageWeight, BYT, type EdgeState, type EdgeTick, FEATURE_NUMBERS, P, RATE, SCALES } from './detect-state.js';

/** Bytes, and traffic going up: a change, not by itself a fault. */
function isSoft(k: number, L: number): boolean {
  return k === BYT || (k === RATE && L > 0);
}

/** Nats of a window before the age factor. `bytesDiscount`: nats off bytes alone. */
export function incidentEvidence(o: EdgeTick, bytesDiscount: number): number {
  let C = o.gap;
  for (const j of SCALES) {
    let all = 0;
    let hard = 0;
    for (const k of FEATURE_NUMBERS) {
      const L = o.surprise[3 * k + j]!;
      const soft = isSoft(k, L);
      C = Math.max(C, Math.abs(L) - (k === BYT ? bytesDiscount : soft ? P.SOFT : 0));
      all += Math.abs(L);
      if (!soft) hard += Math.abs(L);
    }
    if (o.kinds === 0) continue;
    C = Math.max(C, gammaTail(o.kinds, all) - P.PEN - bytesDiscount, gammaTail(o.kinds, hard) - P.PEN);
  }
  return C;
}

/** Latency and errors up, traffic down: what the ranking of causes looks at, nats. */
export function loudAndDown(o: EdgeTick): readonly [number, number] {
  const L = (k: number): number[] => SCALES.map((j) => o.surprise[3 * k + j]!);
  return [Math.max(0, ...L(0), ...L(2)), Math.max(o.gap, 0, ...L(RATE).map((v) => -v))];
}

/**
 * Folds a window into the edge's channel. `age`: windows at which its score counts half. Returns mix (nats) and +1
 * turned on, -1 turned off, 0 neither.
 */
export function foldChannel(
  s: EdgeState,
  o: EdgeTick,
  level: number,
  age: number,
  bytesDiscount: number,
): { readonly mix: number; readonly change: number } {
  const C = incidentEvidence(o, bytesDiscount);
  const slow = age * (P.CHANNEL_AGE / P.AGE);
  const c = C * ageWeight(s.n, o.gross.includes(true), o.isPresent, slow);
  const mix = Math.max(Math.min(c, s.prev), C * ageWeight(s.n, false, o.isPresent, slow) - P.XL);
  const was = s.isChannelOn;
  s.prev = Math.fround(c);
  s.channelLow = c < P.CHANNEL_OFF * level ? s.channelLow + 1 : 0;
  s.isChannelOn = was && s.channelLow < P.KOFF;
  if (mix >= level && !s.isChannelOn && s.n >= P.WARM) {
    s.isChannelOn = true;
    s.channelLow = 0;
  }
  return { mix, change: Number(s.isChannelOn) - Number(was) };
}
