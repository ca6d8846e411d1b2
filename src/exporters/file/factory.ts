// The file exporter's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema, validate } from './config.js';
import { FileExporter } from './exporter.js';

const factory: ComponentFactory<'exporter', typeof schema> = {
  kind: 'exporter',
  type: 'file',
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate,
  create: (settings, config) => new FileExporter(settings, config),
};

export default factory;
