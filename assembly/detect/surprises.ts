// The twelve surprises of a window, as a vector.

/** The twelve surprises of an edge as a column has them. */
@unmanaged
export class Surprises {
  component0: f32;
  component1: f32;
  component2: f32;
  component3: f32;
  component4: f32;
  component5: f32;
  component6: f32;
  component7: f32;
  component8: f32;
  component9: f32;
  component10: f32;
  component11: f32;
}
