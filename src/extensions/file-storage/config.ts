// What a user may write under `file_storage:`.
import { z } from 'zod';
import { duration } from '../../config/duration.js';

export interface Config {
  readonly directory: string;
  readonly create_directory: boolean;
  readonly directory_permissions: number;
  readonly fsync: boolean;
  readonly max_size_mib: number;
  readonly timeout: number;
  readonly compaction?: unknown;
}

/** What is allowed, and perhaps not meant. */
export function advise({ compaction, fsync }: Config): string[] {
  return [
    ...(compaction === undefined
      ? []
      : ['compaction is not used: queues on disk give space back as they are delivered']),
    ...(fsync ? [] : ['without fsync what was acknowledged survives the end of this process, not that of the machine']),
  ];
}

const permissions = z
  .string()
  .regex(/^0?[0-7]{3}$/, 'expected permissions in octal such as "0750"')
  .transform((text) => Number.parseInt(text, 8))
  .meta({ typeName: 'octal text', write: (mode: number) => `0${mode.toString(8)}` });

export const schema: z.ZodType<Config> = z.strictObject({
  directory: z.string().min(1).default('/var/lib/pxanomaly').describe('Where the files are'),
  create_directory: z.boolean().default(true).describe('Make the directory, and those above it, when it is not there'),
  directory_permissions: permissions.prefault('0750').describe('Permissions of a directory that is made'),
  fsync: z
    .boolean()
    .default(true)
    .describe(
      'Wait until the disk has it: a queued request before its sender is told OK, a file before the old one is replaced',
    ),
  max_size_mib: z
    .int()
    .min(8)
    .default(4096)
    .describe('Most for all queues together; beyond it requests are refused, retryably'),
  timeout: duration.prefault('1s').describe('Wait so long for a directory that another process still uses'),
  compaction: z.unknown().optional().describe("The Collector's; accepted and not used, there is nothing to compact"),
});
