// What the detection knows of an edge: one record, so that closing an edge touches its own few cache lines.
//
// Levels, tails' quantiles and mean excesses are f64, the rest f32 (docs/detection.md, section 7). A field of 16 bytes
// holds two or four numbers; the accessors below give all of one kind a name. A snapshot holds these bytes: fields keep
// their places.
import { Numbers, numbersAt } from '../numbers';
import { RECENT } from './constants';

/** What the ranking of causes remembers of a window. */
@unmanaged
export class RecentWindow {
  /** Incident evidence, nats. */
  evidence: f32;
  /** Latency or errors up. */
  up: f32;
  /** Traffic down. */
  down: f32;
}

@unmanaged
export class Edge {
  m0: v128;
  m2: v128;
  q0: v128;
  q2: v128;
  q4: v128;
  q6: v128;
  q8: v128;
  q10: v128;
  b0: v128;
  b2: v128;
  b4: v128;
  b6: v128;
  b8: v128;
  b10: v128;
  s2_0: v128;
  samples0: v128;
  run0: v128;
  smooth0: v128;
  smooth4: v128;
  exceedances0: v128;
  exceedances4: v128;
  exceedances8: v128;
  long0: v128;
  long4: v128;
  long8: v128;
  /** Decayed errors and requests. */
  errors: f32;
  requests: f32;
  /** Usual requests in a window. */
  usual: f32;
  /** 1 once the rate is judged relative to the source. */
  relative: f32;
  /** Present windows. */
  windows: f32;
  /** Silent windows in a row without outage windows; outage windows in the present silence. */
  gap: f32;
  held: f32;
  /** Gaps begun; silent windows followed by another one; present windows, silent windows (all decayed). */
  gaps: f32;
  stays: f32;
  presents: f32;
  absents: f32;
  /** Consecutive windows at the alert level; below OFF while on. */
  up: f32;
  low: f32;
  /** Incident evidence after the age factor in the window before; windows below CHANNEL_OFF. */
  before: f32;
  channelLow: f32;
  /** A change of alert and of channel that happened in ticks passed over, not reported yet. */
  pending: i8;
  pendingChannel: i8;
  gross0: u8;
  gross1: u8;
  gross2: u8;
  gross3: u8;
  recent0: f32;
  recent1: f32;
  recent2: f32;
  recent3: f32;
  recent4: f32;
  recent5: f32;
  recent6: f32;
  recent7: f32;
  recent8: f32;
  recent9: f32;
  recent10: f32;
  recent11: f32;
  /** Requests that the source received; -1: the rate is judged absolutely; NaN: not known. */
  context: f64;
  loc0: v128;
  loc2: v128;
  z0: v128;
  sd0: v128;
  jq0: v128;
  jb0: v128;
  /** Service slots, -1 none; alert profile. */
  source: i32;
  destination: i32;
  profile: i32;
  /** 1: the rate may be judged relative to the source. */
  sourceRelative: i32;
  /** Group, chunk of its order; -1 none. */
  group: i32;
  chunk: i32;
  /** Faded sums of requests (`rate…`) and of errors (`error…`): seen, expected with LAM1, then with LAM2. */
  rateSeen1: f32;
  rateExpected1: f32;
  rateSeen2: f32;
  rateExpected2: f32;
  errorSeen1: f32;
  errorExpected1: f32;
  errorSeen2: f32;
  errorExpected2: f32;
  /** Requests sent, and received by the source, of which the share is learnt. */
  sent: f32;
  received: f32;
  /** Spread of requests: excess over counting, mean squared. */
  overdispersion: f32;
  meanSquared: f32;
  spare: f64;

  /** Level of the transformed value by feature (errors: unused). */
  // @ts-ignore: decorator
  @inline
  get m(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Edge>('m0'));
  }

  /** Running 99 % quantile of the weighted z, by component. */
  // @ts-ignore: decorator
  @inline
  get q(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Edge>('q0'));
  }

  /** Mean excess over q, by component. */
  // @ts-ignore: decorator
  @inline
  get b(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Edge>('b0'));
  }

  /** Variance of the transformed value by feature (errors: overdispersion). */
  // @ts-ignore: decorator
  @inline
  get s2(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('s2_0'));
  }

  /** Samples folded, by feature. */
  // @ts-ignore: decorator
  @inline
  get samples(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('samples0'));
  }

  /** Signed run of |z| > CLIP, by feature. */
  // @ts-ignore: decorator
  @inline
  get run(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('run0'));
  }

  /** Smoothed z by feature and slow scale: 2 k + j - 1. */
  // @ts-ignore: decorator
  @inline
  get smooth(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('smooth0'));
  }

  /** Exceedances by component. */
  // @ts-ignore: decorator
  @inline
  get exceedances(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('exceedances0'));
  }

  /** Run of surprises above LCAL by component. */
  // @ts-ignore: decorator
  @inline
  get long(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('long0'));
  }

  /** Level (errors: rate) before the last window, by feature. */
  // @ts-ignore: decorator
  @inline
  get loc(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Edge>('loc0'));
  }

  /** z of the last window by feature; NaN: not judged. */
  // @ts-ignore: decorator
  @inline
  get z(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('z0'));
  }

  /** Standard deviation before the last window, by feature. */
  // @ts-ignore: decorator
  @inline
  get sd(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('sd0'));
  }

  /** The instant scale's q before the last window, by feature. */
  // @ts-ignore: decorator
  @inline
  get jq(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('jq0'));
  }

  /** The instant scale's mean excess before the last window, by feature. */
  // @ts-ignore: decorator
  @inline
  get jb(): Numbers<f32> {
    return numbersAt<f32>(changetype<usize>(this), offsetof<Edge>('jb0'));
  }

  /** 1: the change of the last window is gross, by feature; silence of a busy edge: RATE. */
  // @ts-ignore: decorator
  @inline
  get gross(): Numbers<u8> {
    return numbersAt<u8>(changetype<usize>(this), offsetof<Edge>('gross0'));
  }

  /** Whether any feature's change is gross. */
  // @ts-ignore: decorator
  @inline
  get isGross(): bool {
    return load<u32>(changetype<usize>(this), offsetof<Edge>('gross0')) != 0;
  }

  // @ts-ignore: decorator
  @inline
  forgetGross(): void {
    store<u32>(changetype<usize>(this), 0, offsetof<Edge>('gross0'));
  }

  /** The window of a tick, of the last RECENT. */
  // @ts-ignore: decorator
  @inline
  recentOf(tick: i64): RecentWindow {
    const place = <usize>(tick & (RECENT - 1)) * offsetof<RecentWindow>();
    return changetype<RecentWindow>(changetype<usize>(this) + place + offsetof<Edge>('recent0'));
  }
}
