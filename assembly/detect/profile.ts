// When an edge alerts: a level for each kind, a factor for each detector, gates on openings. Changes alerting, never
// what is learnt. Specified in docs/detection.md, section 5.
import { MAX_PROFILES, profileAt, profileInput } from './regions';

/** An alert profile, byte offsets. */
export const enum Profile {
  /** f64[10]: level in nats by kind. */
  LEVELS = 0,
  /**
   * f64[4]: factor on the level by detector: components, Fisher, forest, autoencoder; infinite: the detector does not
   * alert.
   */
  FACTORS = 80,
  /** f64: windows with fewer requests open nothing. */
  MIN_REQUESTS = 112,
  /** f64[4] each: least change of a feature that may open, relative and absolute. */
  MIN_RELATIVE = 120,
  MIN_ABSOLUTE = 152,
  /** i32: 1 never opens. */
  MUTED = 184,
  /** i32: derived. SET: not the default; UNIFORM: one level and no factors; GATED: openings are checked. */
  SET = 188,
  UNIFORM = 192,
  GATED = 196,
  BYTES = 256,
}

function isUniform(at: usize): bool {
  const level = load<f64>(at, Profile.LEVELS + 8);
  for (let kind = 2; kind <= 9; kind++) {
    if (kind != 6 && load<f64>(at + ((<usize>kind) << 3), Profile.LEVELS) != level) return false;
  }
  for (let i = 0; i < 4; i++) if (load<f64>(at + ((<usize>i) << 3), Profile.FACTORS) != 1) return false;
  return true;
}

function isGated(at: usize): bool {
  if (load<i32>(at, Profile.MUTED) != 0) return true;
  for (let i = 0; i < 9; i++) if (load<f64>(at + ((<usize>i) << 3), Profile.MIN_REQUESTS) > 0) return true;
  return false;
}

/** Takes the profile in `profileInput` (LEVELS to MUTED) as profile `id`; false when there is no such id. */
export function setProfile(id: i32): bool {
  if (<u32>id >= <u32>MAX_PROFILES) return false;
  const at = profileAt(id);
  memory.copy(at, profileInput, Profile.SET);
  store<i32>(at, 1, Profile.SET);
  store<i32>(at, i32(isUniform(at)), Profile.UNIFORM);
  store<i32>(at, i32(isGated(at)), Profile.GATED);
  return true;
}
