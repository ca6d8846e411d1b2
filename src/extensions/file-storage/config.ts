// What a user may write under `file_storage:`.
import { z } from 'zod';
import { MIB } from '../../config/bytes.js';
import { duration } from '../../config/duration.js';

export interface Config {
  readonly directory: string;
  readonly create_directory: boolean;
  readonly directory_permissions: number;
  readonly fsync: boolean;
  /** Bytes; 0: no bound. */
  readonly max_size: number;
  readonly max_size_mib?: number | undefined;
  readonly timeout: number;
  readonly recreate: boolean;
  readonly compaction?: unknown;
}

/** The least bound, bytes: below it, a queue could not give back one file while it fills another. */
const LEAST_SIZE = 8 * MIB;
const DEFAULT_SIZE = 4096 * MIB;

/** Most bytes of all queues of an extension together. */
export function maxBytesOf({ max_size: bytes, max_size_mib: mib }: Config): number {
  if (mib !== undefined) return mib * MIB;
  return bytes === 0 ? Number.POSITIVE_INFINITY : bytes;
}

/** What is allowed, and perhaps not meant. */
export function advise({ compaction, fsync, max_size_mib: mib }: Config): string[] {
  return [
    ...(mib === undefined ? [] : [`max_size_mib is an older key of ours: write max_size: ${mib * MIB}, in bytes`]),
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
  max_size: z
    .int()
    .refine((bytes) => bytes === 0 || bytes >= LEAST_SIZE, `expected ${LEAST_SIZE} bytes or more, or 0 for no bound`)
    .default(DEFAULT_SIZE)
    .describe(
      'Most for all queues together, bytes; beyond it requests are refused, retryably. 0: no bound, as is the default of a Collector, where it bounds each queue',
    ),
  max_size_mib: z.int().min(8).optional().describe('Older form of `max_size`, MiB'),
  timeout: duration.prefault('1s').describe('Wait so long for a directory that another process still uses'),
  recreate: z
    .boolean()
    .default(false)
    .describe("The Collector's; accepted: what is damaged is set aside and the rest is used, here without being asked"),
  compaction: z.unknown().optional().describe("The Collector's; accepted and not used, there is nothing to compact"),
});
