// What the detection knows of a service and of a group: one record each. A snapshot holds these bytes: fields keep
// their places.
import { Numbers, numbersAt } from '../numbers';
import { Calibration } from './calibrate';
import { Generator } from './random';

/** `inflow`, `load` and `lnInflow` hold for the tick in `tick` only. */
@unmanaged
export class Service {
  /** Requests received in the window. */
  inflow: f64;
  /** Slow level of ln(inflow + .5), and windows in it. */
  level: f64;
  windows: f64;
  /** Excess of the window over `level`, nats, at least 0. */
  load: f64;
  /** Tick of the group in which an inbound edge last reported a count; -1 never: not fed. */
  tick: i64;
  /** ln(inflow + .5). */
  lnInflow: f64;
  spare0: i64;
  spare1: i64;
}

@unmanaged
export class Group {
  b0: v128;
  b2: v128;
  b4: v128;
  b6: v128;
  b8: v128;
  b10: v128;
  /** The forest's calibration; then the same of the autoencoder's. */
  forestQuantile: f64;
  forestExcess: f64;
  forestScores: f64;
  coderQuantile: f64;
  coderExcess: f64;
  coderScores: f64;
  /** Running median of the autoencoder's error. */
  coderMedian: f64;
  /** L_on, nats; ln 10 / L_on. */
  level: f64;
  decay: f64;
  /** Level of the incident layer, nats. */
  incidentLevel: f64;
  /** Ticks closed or passed over. */
  tick: i64;
  /** Start of the forest's period: the generator of period p was seeded by (seed, p). */
  period: i64;
  random0: u32;
  random1: u32;
  random2: u32;
  random3: u32;
  /** Vectors held by the reservoir, offered in this period, rows of a tree's subsample (0: no forest yet). */
  held: i32;
  offered: i32;
  psi: i32;
  /** 1 if the last closed tick was an outage. */
  outage: i32;
  /** First and last chunk of the order, -1 none; edges in it. */
  first: i32;
  last: i32;
  count: i32;
  /** Where the closing stands: Phase, next tree to grow, chunk. */
  phase: i32;
  tree: i32;
  chunk: i32;
  /** Present windows at which the evidence of an edge counts half. */
  age: f32;
  /** Windows that the autoencoder has learnt from. */
  coderLearnt: i32;

  /** Mean excess over all edges of the group, by component. */
  // @ts-ignore: decorator
  @inline
  get b(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Group>('b0'));
  }

  // @ts-ignore: decorator
  @inline
  get forest(): Calibration {
    return changetype<Calibration>(changetype<usize>(this) + offsetof<Group>('forestQuantile'));
  }

  // @ts-ignore: decorator
  @inline
  get coder(): Calibration {
    return changetype<Calibration>(changetype<usize>(this) + offsetof<Group>('coderQuantile'));
  }

  // @ts-ignore: decorator
  @inline
  get random(): Generator {
    return changetype<Generator>(changetype<usize>(this) + offsetof<Group>('random0'));
  }
}
