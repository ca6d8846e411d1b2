// The anomaly processor's whole face.
import type { ComponentFactory } from '../../config/settings.js';
import { commands } from './commands.js';
import { LIVE } from './options.js';
import { createAnomalyProcessor } from './processor.js';
import { schema, validateConfig } from './schema.js';

export const anomaly: ComponentFactory<'processor', typeof schema> = {
  kind: 'processor',
  type: 'anomaly',
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate: validateConfig,
  extensions: ({ storage }) => (storage === undefined ? {} : { storage }),
  commands,
  create: (settings, config) => createAnomalyProcessor(settings, config, LIVE),
};
