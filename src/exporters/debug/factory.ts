// The debug exporter's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema } from './config.js';
import { DebugExporter } from './exporter.js';

const factory: ComponentFactory<'exporter', typeof schema> = {
  kind: 'exporter',
  type: 'debug',
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  create: (settings, config) => new DebugExporter(settings, config),
};

export default factory;
