// The memory_limiter processor's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema, validate } from './config.js';
import { MemoryLimiter } from './memory-limiter.js';

const factory: ComponentFactory<'processor', typeof schema> = {
  kind: 'processor',
  type: 'memory_limiter',
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate,
  create: (settings, config) => new MemoryLimiter(settings, config),
};

export default factory;
