// The `anomaly_events` connector's face.
import type { ComponentFactory } from '../../config/settings.js';
import { schema } from './config.js';
import { AnomalyEventsConnector } from './connector.js';

export const anomalyEvents: ComponentFactory<'connector', typeof schema> = {
  kind: 'connector',
  type: 'anomaly_events',
  stability: 'alpha',
  signals: ['metrics'],
  delivers: ['logs'],
  schema,
  create: () => new AnomalyEventsConnector(),
};
