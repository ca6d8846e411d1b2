// Configuration of the file exporter.
import { z } from 'zod';
import { duration } from '../../config/duration.js';

export interface Config {
  path: string;
  append: boolean;
  format: 'json' | 'proto';
  flush_interval: number;
  create_directory: boolean;
  rotation?: { max_megabytes: number; max_backups: number } | undefined;
}

const rotation = z.strictObject({
  max_megabytes: z.number().positive().default(100).describe('a file that would grow beyond this is put aside; MB'),
  max_backups: z.int().min(0).default(100).describe('files kept besides the current one; 0: all'),
});

export const schema: z.ZodType<Config> = z.strictObject({
  path: z.string().min(1).describe('file to write'),
  append: z.boolean().default(false).describe('continue an existing file instead of emptying it at start'),
  format: z
    .enum(['json', 'proto'])
    .default('json')
    .describe('OTLP/JSON lines, or protobuf behind four bytes of length'),
  flush_interval: duration.prefault('1s').describe('longest time in memory; 0: written at once'),
  create_directory: z.boolean().default(false).describe('make the directory where it is missing'),
  rotation: rotation.optional().describe('begin a new file at a size; the existing file is continued at start'),
});

/** Problems across the keys. */
export function validate(config: Config): string[] {
  return config.append && config.rotation ? ['append and rotation exclude each other'] : [];
}
