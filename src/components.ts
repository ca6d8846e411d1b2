// The one list of components.
import type { AnyFactory } from './config/settings.js';
import { anomalyEvents } from './connectors/anomaly-events/factory.js';
import debug from './exporters/debug/factory.js';
import file from './exporters/file/factory.js';
import otlpGrpc from './exporters/otlp-grpc/factory.js';
import otlpHttp from './exporters/otlp-http/factory.js';
import { pixieLoopback } from './exporters/pixie-loopback/factory.js';
import prometheus from './exporters/prometheus/factory.js';
import basicauth from './extensions/basicauth/factory.js';
import bearertokenauth from './extensions/bearertokenauth/factory.js';
import fileStorage from './extensions/file-storage/factory.js';
import healthCheck from './extensions/health-check/factory.js';
import oauth2client from './extensions/oauth2client/factory.js';
import { anomaly } from './processors/anomaly/factory.js';
import batch from './processors/batch/factory.js';
import memoryLimiter from './processors/memory-limiter/factory.js';
import { otlp } from './receivers/otlp/factory.js';

export const COMPONENTS: readonly AnyFactory[] = [
  otlp,
  memoryLimiter,
  anomaly,
  batch,
  anomalyEvents,
  otlpGrpc,
  otlpHttp,
  prometheus,
  file,
  debug,
  pixieLoopback,
  healthCheck,
  fileStorage,
  bearertokenauth,
  basicauth,
  oauth2client,
];
