// Options of the detectors, set once before memory is laid out.
import { SOFT } from './constants';

@unmanaged
class Options {
  isSet: bool;
  /** Small counts are judged by their exact probability as well. */
  counts: bool;
  forest: bool;
  coder: bool;
  /** Of the generators of forest and autoencoder. */
  seed: u32;
  /** Nats taken off the incident evidence of bytes alone. */
  bytesDiscount: f64;
  /** Of the forest: sizes in vectors, `refresh` in ticks of a group. */
  refresh: i64;
  trees: i32;
  subsample: i32;
  reservoir: i32;
  period: i32;
  first: i32;
}

export const options = changetype<Options>(memory.data(offsetof<Options>(), 16));

/** What holds where nobody has set anything: neither forest nor autoencoder. */
export function setDefaults(): void {
  if (options.isSet) return;
  options.isSet = true;
  options.counts = true;
  options.bytesDiscount = SOFT;
}
