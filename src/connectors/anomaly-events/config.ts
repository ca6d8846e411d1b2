// Configuration of the `anomaly_events` connector: it has no settings.
import { z } from 'zod';

export type Config = Record<string, never>;

export const schema: z.ZodType<Config> = z.strictObject({});
