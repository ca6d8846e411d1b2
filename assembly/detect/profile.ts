// When an edge alerts: a level for each kind, a factor for each detector, gates on openings. Changes alerting, never
// what is learnt.
// Specified in docs/detection.md, section 5.
import { Numbers, numbersAt } from '../numbers';
import { Kind } from './constants';

/** Most alert profiles; profile 0 and every one that was never set is the default threshold. */
export const MAX_PROFILES = 4096;

/** An alert profile as it is set. */
@unmanaged
export class ProfileInput {
  /** Level in nats by kind. */
  level0: f64;
  level1: f64;
  level2: f64;
  level3: f64;
  level4: f64;
  level5: f64;
  level6: f64;
  level7: f64;
  level8: f64;
  level9: f64;
  /**
   * Factor on the level by detector: components, Fisher, forest, autoencoder; infinite: the detector does not alert.
   */
  factor0: f64;
  factor1: f64;
  factor2: f64;
  factor3: f64;
  /** Windows with fewer requests open nothing. */
  minRequests: f64;
  /** Least change of a feature that may open, relative and absolute. */
  minRelative0: f64;
  minRelative1: f64;
  minRelative2: f64;
  minRelative3: f64;
  minAbsolute0: f64;
  minAbsolute1: f64;
  minAbsolute2: f64;
  minAbsolute3: f64;
  /** 1: never opens. */
  muted: i32;
}

/** Of `factor`. */
export const enum Detector {
  COMPONENTS,
  FISHER,
  FOREST,
  AUTOENCODER,
}

@unmanaged
export class Profile extends ProfileInput {
  /** 1: not the default. */
  isSet: i32;
  /** 1: one level and no factors. */
  uniform: i32;
  /** 1: openings are checked. */
  gated: i32;
  spare0: f64;
  spare1: f64;
  spare2: f64;
  spare3: f64;
  spare4: f64;
  spare5: f64;
  spare6: f64;

  // @ts-ignore: decorator
  @inline
  get level(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Profile>('level0'));
  }

  // @ts-ignore: decorator
  @inline
  get factor(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Profile>('factor0'));
  }

  // @ts-ignore: decorator
  @inline
  get minRelative(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Profile>('minRelative0'));
  }

  // @ts-ignore: decorator
  @inline
  get minAbsolute(): Numbers<f64> {
    return numbersAt<f64>(changetype<usize>(this), offsetof<Profile>('minAbsolute0'));
  }
}

function isUniform(profile: Profile): bool {
  const level = profile.level[Kind.LATENCY_SPIKE];
  for (let kind = <i32>Kind.LATENCY_DROP; kind <= <i32>Kind.TRAFFIC_PATTERN; kind++) {
    if (kind != Kind.ERROR_RATE_DROP && profile.level[kind] != level) return false;
  }
  for (let i = 0; i <= <i32>Detector.AUTOENCODER; i++) if (profile.factor[i] != 1) return false;
  return true;
}

function isGated(profile: Profile): bool {
  if (profile.muted != 0 || profile.minRequests > 0) return true;
  for (let k = 0; k < 4; k++) if (profile.minRelative[k] > 0 || profile.minAbsolute[k] > 0) return true;
  return false;
}

/** Makes the input this profile. */
export function takeProfile(profile: Profile, input: ProfileInput): void {
  memory.copy(changetype<usize>(profile), changetype<usize>(input), offsetof<ProfileInput>());
  profile.isSet = 1;
  profile.uniform = i32(isUniform(profile));
  profile.gated = i32(isGated(profile));
}
