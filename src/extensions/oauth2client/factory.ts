// The oauth2client extension's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema, validate } from './config.js';
import { OAuth2Client } from './oauth2client.js';

const factory: ComponentFactory<'extension', typeof schema> = {
  kind: 'extension',
  type: 'oauth2client',
  stability: 'alpha',
  signals: [],
  schema,
  validate,
  create: (settings, config) => new OAuth2Client(settings, config),
};

export default factory;
