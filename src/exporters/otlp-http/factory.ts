// The otlp_http exporter's face.
import type { ComponentFactory } from '../../config/settings.js';
import { sendingAdvice, sendingExtensions } from '../../sending/config.js';
import { sendingExporter } from '../../sending/exporter.js';
import { schema, validate } from './config.js';
import { httpPush } from './exporter.js';

const factory: ComponentFactory<'exporter', typeof schema> = {
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  stability: 'alpha',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate,
  advise: sendingAdvice,
  extensions: sendingExtensions,
  create: (settings, config) => sendingExporter(settings, config, httpPush(settings, config)),
};

export default factory;
