// The configuration as texts to compare with those that a state was made under.
import type { SettingsTexts } from '../../detection/settings.js';
import type { Config } from './config.js';

/**
 * Counts up where the same configuration alerts at other levels: a state of before is judged anew (detection.md, 5).
 */
const LEVELS = 2;

/** What decides how data is mapped to edges and features. */
function rulesText({ presets, features, external_names, mute }: Config): string {
  return JSON.stringify([presets, features, external_names, mute]);
}

export function configTexts(config: Config): SettingsTexts {
  const { storage, checkpoint_interval, max_future, max_past, ...deciding } = config;
  return { rules: rulesText(config), config: JSON.stringify({ ...deciding, levels: LEVELS }) };
}
