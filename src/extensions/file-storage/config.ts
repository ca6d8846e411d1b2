// What a user may write under `file_storage:`.
import { z } from 'zod';

export interface Config {
  readonly directory: string;
  readonly create_directory: boolean;
  readonly directory_permissions: number;
  readonly fsync: boolean;
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
  fsync: z.boolean().default(true).describe('Wait until the disk has a file before the old one is replaced'),
});
