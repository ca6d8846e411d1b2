// The rule book of the settings: the user's rules first, then the presets in order of trust.
import { PRESETS } from './presets/index.js';
import { RuleBook } from './rules.js';
import type { RuleSettings } from './settings.js';

export function createRuleBook({ externalNames, features, presets }: RuleSettings): RuleBook {
  const book = new RuleBook(externalNames);
  book.add(
    'features',
    features.map((rule) => [rule]),
  );
  for (const { name, changes } of presets) {
    book.add(
      name,
      PRESETS[name].map((tier) => tier.map((rule) => ({ ...rule, ...changes }))),
    );
  }
  return book;
}
