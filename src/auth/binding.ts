// What a credential is bound to: a name for warnings, the clusters that settings of its senders reach, and settings
// that count as sent with it.
import { z } from 'zod';
import { Senders } from '../detection/alerting/senders.js';
import { DETECTORS } from '../detection/sender-settings.js';
import type { Identity } from '../pipeline/index.js';

interface BoundSettings {
  readonly threshold?: number | undefined;
  readonly export_interval?: string | undefined;
  readonly incidents_per_day?: number | undefined;
  readonly detectors?: readonly string[] | undefined;
  readonly cluster?: string | undefined;
}

export interface BindingConfig {
  readonly name?: string | undefined;
  /** Globs; undefined: settings sent with it reach every cluster. */
  readonly clusters?: readonly string[] | undefined;
  readonly settings?: BoundSettings | undefined;
}

function headersOf(settings: BoundSettings = {}): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(settings).flatMap(([key, value]): [string, string][] =>
      value === undefined ? [] : [[`x-pxanomaly-${key.replaceAll('_', '-')}`, String(value)]],
    ),
  );
}

const settings = z
  .strictObject({
    threshold: z.number().optional().describe('As header `x-pxanomaly-threshold`'),
    export_interval: z.string().optional().describe('As header `x-pxanomaly-export-interval`'),
    incidents_per_day: z.number().optional().describe('As header `x-pxanomaly-incidents-per-day`'),
    detectors: z.array(z.enum(DETECTORS)).min(1).optional().describe('As header `x-pxanomaly-detectors`'),
    cluster: z.string().min(1).optional().describe('As header `x-pxanomaly-cluster`'),
  })
  .superRefine((given, ctx) => {
    try {
      new Senders('').read(headersOf(given));
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

/** Keys of a credential beside the credential itself. */
export const bindingKeys: {
  readonly name: z.ZodType<string | undefined>;
  readonly clusters: z.ZodType<string[] | undefined>;
  readonly settings: z.ZodType<BoundSettings | undefined>;
} = {
  name: z.string().min(1).optional().describe('Its name in warnings. Default: its place, as `tokens[0]`'),
  clusters: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Ids of the clusters that settings headers sent with it reach; `*` is any text, `?` one character. Default: all',
    ),
  settings: settings.optional().describe('Settings that count as sent with it where its sender sends none'),
};

/** `owner`: the component that knows the credential; `place`: what stands in for a name. */
export function identityOf({ name, clusters, settings: given }: BindingConfig, owner: string, place: string): Identity {
  const subject = `${owner}: ${name ?? place}`;
  const headers = headersOf(given);
  return {
    ...(clusters && { auth: { subject, clusters } }),
    ...(headers.size > 0 && { settings: headers }),
  };
}
