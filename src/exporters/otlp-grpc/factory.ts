// The otlp_grpc exporter's face.
import type { ComponentFactory } from '../../config/settings.js';
import { sendingExporter } from '../../sending/exporter.js';
import { advise, extensions, schema, validate } from './config.js';
import { grpcPush } from './exporter.js';

const factory: ComponentFactory<'exporter', typeof schema> = {
  kind: 'exporter',
  type: 'otlp_grpc',
  aliases: ['otlp'],
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate,
  advise,
  extensions,
  create: (settings, config) => sendingExporter(settings, config, grpcPush(settings, config)),
};

export default factory;
