// The larger and the smaller of two numbers without a branch. f64.max and f64.min cost one each, and which of two
// surprises is larger no processor can guess: a wrong guess costs as much as twenty additions.

/** b where it is greater than a, else a; also where one of them is NaN. */
// @ts-ignore: decorator
@inline
export function larger(a: f64, b: f64): f64 {
  return f64x2.extract_lane(f64x2.pmax(f64x2.splat(a), f64x2.splat(b)), 0);
}

/** b where it is less than a, else a; also where one of them is NaN. */
// @ts-ignore: decorator
@inline
export function smaller(a: f64, b: f64): f64 {
  return f64x2.extract_lane(f64x2.pmin(f64x2.splat(a), f64x2.splat(b)), 0);
}

/** The larger of a vector's two numbers, where neither is NaN. */
// @ts-ignore: decorator
@inline
export function largerLane(pair: v128): f64 {
  return f64x2.extract_lane(f64x2.pmax(pair, v128.shuffle<i64>(pair, pair, 1, 0)), 0);
}

/** x within [-bound, bound]; NaN stays. */
// @ts-ignore: decorator
@inline
export function clip(x: f64, bound: f64): f64 {
  return smaller(larger(x, -bound), bound);
}

/** max(1/count, 1/slowest), which costs no division once the count is there. */
export function gainOf(count: f64, slowest: f64): f64 {
  return count < slowest ? 1 / count : 1 / slowest;
}
