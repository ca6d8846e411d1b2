// The basicauth extension's face.
import type { ComponentFactory } from '../../config/settings.js';
import { BasicAuth } from './basicauth.js';
import { schema, validate } from './config.js';

const factory: ComponentFactory<'extension', typeof schema> = {
  kind: 'extension',
  type: 'basicauth',
  stability: 'alpha',
  signals: [],
  schema,
  validate,
  create: (settings, config) => new BasicAuth(settings, config),
};

export default factory;
