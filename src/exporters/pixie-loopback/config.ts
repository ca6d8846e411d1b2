// What a user may write under `pixie_loopback:`.
import { z } from 'zod';
import { positiveDuration } from '../../config/duration.js';

/** Names that only resolve inside a cluster, and loopback for tests: the announcement must never leave it. */
const IN_CLUSTER = /^(localhost|127\.0\.0\.1|[a-z0-9-]+|[a-z0-9-]+\.[a-z0-9-]+\.svc(\.cluster\.local)?)$/;

export interface Config {
  readonly endpoint: string;
  readonly listen: string;
  /** ms */
  readonly timeout: number;
  readonly max_per_second: number;
}

export const schema: z.ZodType<Config> = z.strictObject({
  endpoint: z
    .url({ protocol: /^http$/ })
    .refine((text) => IN_CLUSTER.test(new URL(text).hostname), {
      message:
        'must name a Service of this cluster (http://name.namespace.svc:port), since the announcement must not leave it',
    })
    .describe(
      "The gateway's own Service, port of `listen`: where announcements are sent to, so that Pixie traces them",
    ),
  listen: z.string().default('0.0.0.0:9465').describe('Where the announcements are answered'),
  timeout: positiveDuration.default(2000).describe('Longest wait for one announcement'),
  max_per_second: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe(
      'Announcements a second; more are dropped and counted, since they share the table of all HTTP traffic of the node',
    ),
});
