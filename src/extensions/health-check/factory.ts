// The health_check extension's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema } from './config.js';
import { HealthCheck } from './health-check.js';

const factory: ComponentFactory<'extension', typeof schema> = {
  kind: 'extension',
  type: 'health_check',
  stability: 'beta',
  signals: [],
  schema,
  create: (settings, config) => new HealthCheck(settings, config),
};

export default factory;
