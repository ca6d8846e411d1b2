// The `pixie_loopback` exporter's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema } from './config.js';
import { PixieLoopback } from './pixie-loopback.js';

export const pixieLoopback: ComponentFactory<'exporter', typeof schema> = {
  kind: 'exporter',
  type: 'pixie_loopback',
  stability: 'alpha',
  signals: ['logs'],
  schema,
  create: (settings, config) => new PixieLoopback(settings, config),
};
