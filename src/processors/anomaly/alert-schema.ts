// The schema of what alerts: detectors, and exceptions by edge, kind and time.
import { z } from 'zod';
import { duration } from '../../config/duration.js';
import { timeZone } from '../../config/time-zone.js';
import { THRESHOLD_RANGE, WEEKDAYS } from '../../detection/alerting/settings.js';
import type { AlertRuleConfig, Config } from './config.js';

export const threshold: z.ZodNumber = z.number().min(THRESHOLD_RANGE.min).max(THRESHOLD_RANGE.max);

const detector = (enabled: boolean) => ({
  enabled: z.boolean().default(enabled).describe('Whether it may open an alert'),
  threshold: threshold.optional().describe('In place of the general threshold'),
});

const allowance = z.strictObject({
  source: z.string().default('*').describe('Glob of the source service'),
  destination: z.string().default('*').describe('Glob of the destination service'),
});

export const detectors: z.ZodType<Config['detectors']> = z.strictObject({
  zscore: z
    .strictObject({
      ...detector(true),
      counts: z
        .boolean()
        .default(true)
        .describe('Small counts of errors and requests are judged by their exact probability as well'),
    })
    .prefault({}),
  isolation_forest: z
    .strictObject({
      ...detector(true),
      trees: z.int().min(1).max(1000).default(100).describe('Trees of each forest'),
      subsample: z.int().min(16).max(1024).default(256).describe('Windows that each tree is grown from'),
    })
    .prefault({}),
  autoencoder: z.strictObject(detector(false)).prefault({}),
  new_edge: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether unexpected edges are reported'),
      learn_for: duration.prefault('24h').describe('An edge is unexpected only after its cluster was watched so long'),
      allow: z.array(allowance).default([]).describe('Globs of edges that are never unexpected'),
    })
    .prefault({}),
});

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as "22:30"');

const period = z.strictObject({
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1)
    .default([...WEEKDAYS])
    .describe('Days on which the period begins'),
  from: clock.default('00:00').describe('Time of day in `timezone`'),
  to: clock.default('00:00').describe('Time of day in `timezone`; not after `from`: of the next day'),
  timezone: timeZone.default('UTC').describe('IANA name, as in `Europe/Berlin`: follows its daylight-saving time'),
});

const glob = (what: string) => z.string().default('*').describe(`Glob of the ${what}`);

export const alertRule: z.ZodType<AlertRuleConfig> = z.strictObject({
  match: z
    .strictObject({
      source: glob('source service'),
      destination: glob('destination service'),
      namespace: glob("destination's namespace"),
      cluster: glob('cluster'),
      kind: glob('anomaly kind'),
    })
    .describe('Edges and kinds that the rule is about'),
  mute: z.boolean().default(false).describe('Such edges are learnt and scored, and never alert'),
  threshold: threshold.optional().describe('In place of the general threshold'),
  min_requests: z.number().min(0).optional().describe('In place of the general `min_requests`'),
  schedule: z.array(period).min(1).optional().describe('Only in these periods'),
});
