// The configuration as texts to compare with those that a state was made under.
import type { Config } from './config.js';

/** What decides how data is mapped to edges and features. */
export function rulesText({ presets, features, external_names, mute }: Config): string {
  return JSON.stringify([presets, features, external_names, mute]);
}

/** A configuration in texts to compare: `rules` maps data to edges and features, `config` is all that decides. */
export interface ConfigTexts {
  readonly rules: string;
  readonly config: string;
}

export function configTexts(config: Config): ConfigTexts {
  const { storage, checkpoint_interval, max_future, ...deciding } = config;
  return { rules: rulesText(config), config: JSON.stringify(deciding) };
}
