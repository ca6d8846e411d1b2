// The `otlp` receiver's face.
import type { ComponentFactory } from '../../config/settings.js';
import { inspect } from '../../kernel/inspect.js';
import { advise, extensions, schema, validate } from './config.js';
import { OtlpReceiver } from './otlp-receiver.js';

export const otlp: ComponentFactory<'receiver', typeof schema> = {
  kind: 'receiver',
  type: 'otlp',
  stability: 'beta',
  signals: ['metrics', 'traces', 'logs'],
  schema,
  validate,
  advise,
  extensions,
  create: (settings, config) => new OtlpReceiver(settings, config, inspect),
};
