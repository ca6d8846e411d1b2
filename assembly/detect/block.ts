// The edges of a chunk on their way through the stages of a closing: what one stage says and the next one reads. The
// closing owns them.
import { Numbers, numbersAt } from '../numbers';

/** What stage A and the forest say of an edge's window. */
@unmanaged
export class Judged {
  surprise0: v128;
  surprise2: v128;
  surprise4: v128;
  surprise6: v128;
  surprise8: v128;
  surprise10: v128;
  /** Gap evidence, and the forest's surprise, nats; 0: none. */
  gap: f64;
  forest: f64;
  /** Of a present edge: nats of too many errors and of too few requests by their exact probability. */
  errorNats: f64;
  rateNats: f64;
  /** ln(requests that the source received + .5), where they are known. */
  lnContext: f64;
  /** Features judged. */
  features: i32;
  isPresent: bool;
  spare: i16;

  /** f64[COMPONENTS]: signed surprises. */
  // @ts-ignore: decorator
  @inline
  get surprise(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Judged>('surprise0'));
  }
}

/** What the twelve surprises of a window come to together. */
@unmanaged
export class Weighed {
  /** The largest absolute surprise, and its component. */
  max: f64;
  argmax: i32;
  /** Features judged. */
  features: i32;
  /** Sums of the absolute surprises by scale: all of them, and those that are not soft. */
  sum0: f64;
  sum1: f64;
  sum2: f64;
  hard0: f64;
  hard1: f64;
  hard2: f64;
  /** No scale's combination, before the penalty, is more than this. */
  fisherBound: f64;
  /** NaN where one of the surprises is, else 0. */
  nanCarrier: f64;
  /** What set the evidence: a component or a Source. */
  source: i32;
}
