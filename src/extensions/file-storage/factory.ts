// The file_storage extension's face.
import type { ComponentFactory } from '../../config/settings.js';
import { advise, schema } from './config.js';
import { FileStorage } from './file-storage.js';

const factory: ComponentFactory<'extension', typeof schema> = {
  kind: 'extension',
  type: 'file_storage',
  stability: 'alpha',
  signals: [],
  schema,
  advise,
  create: (settings, config) => new FileStorage(settings, config),
};

export default factory;
