// What a user may write under `health_check:`.
import { z } from 'zod';
import { type HostPort, hostPort } from '../../config/endpoint.js';

export interface Config {
  readonly endpoint: HostPort;
  readonly path: string;
  readonly response_body?: { readonly healthy: string; readonly unhealthy: string } | undefined;
}

export const schema: z.ZodType<Config> = z.strictObject({
  endpoint: hostPort.prefault('localhost:13133').describe('Where it answers'),
  path: z.string().startsWith('/').default('/').describe('The path of the answer; others are not found'),
  response_body: z
    .strictObject({
      healthy: z.string().default('').describe('Body of a 200'),
      unhealthy: z.string().default('').describe('Body of a 503'),
    })
    .optional()
    .describe("Texts in place of the Collector's JSON"),
});
