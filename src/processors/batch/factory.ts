// The batch processor's face.
import type { ComponentFactory } from '../../config/settings.js';
import { BatchProcessor } from './batch.js';
import { schema, validate } from './config.js';

const factory: ComponentFactory<'processor', typeof schema> = {
  kind: 'processor',
  type: 'batch',
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate,
  create: (settings, config) => new BatchProcessor(settings, config),
};

export default factory;
