// The bearertokenauth extension's face.
import type { ComponentFactory } from '../../config/settings.js';
import { BearerTokenAuth } from './bearertokenauth.js';
import { schema, validate } from './config.js';

const factory: ComponentFactory<'extension', typeof schema> = {
  kind: 'extension',
  type: 'bearertokenauth',
  stability: 'alpha',
  signals: [],
  schema,
  validate,
  create: (settings, config) => new BearerTokenAuth(settings, config),
};

export default factory;
