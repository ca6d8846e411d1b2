// The prometheus exporter's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema } from './config.js';
import { PrometheusExporter } from './exporter.js';

const factory: ComponentFactory<'exporter', typeof schema> = {
  kind: 'exporter',
  type: 'prometheus',
  stability: 'alpha',
  signals: ['metrics'],
  schema,
  create: (settings, config) => new PrometheusExporter(settings, config),
};

export default factory;
