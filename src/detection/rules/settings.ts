// What the rules need to be told: which series say what about which edge, and what is left out.

import type { FeatureRule } from './feature-rule.js';
import type { MuteSettings } from './mutes.js';
import type { PresetName } from './presets/index.js';

/** A preset, and what is changed on each of its rules. */
export interface PresetSettings {
  readonly name: PresetName;
  readonly changes: Partial<FeatureRule>;
}

export interface RuleSettings {
  /** In order of trust, behind the rules of one's own. */
  readonly presets: readonly PresetSettings[];
  /** Rules of one's own, each trusted before those that follow. */
  readonly features: readonly FeatureRule[];
  /** Globs of names that stand for nobody. */
  readonly externalNames: readonly string[];
  readonly mute: MuteSettings;
}
