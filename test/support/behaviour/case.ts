// A behaviour case as its YAML says it, checked: a misspelt key must not make a test that cannot fail.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../paths.js';
import type { InboundRequest } from './delivery.js';
import { FORMS } from './forms.js';
import type { EdgeSeries } from './rows.js';

export interface Case {
  readonly file: string;
  readonly case: string;
  readonly config: Record<string, unknown>;
  readonly metadata: Record<string, string>;
  readonly start: string;
  readonly window: string;
  readonly for: string;
  readonly seed: number;
  readonly edges: Record<string, EdgeSeries>;
  readonly background: number;
  readonly backgroundSeries?: EdgeSeries | undefined;
  readonly deliver: InboundRequest;
  readonly expect: string[];
  readonly never: string[];
  readonly only: boolean;
  readonly counts: Record<string, number | string>;
  readonly attributes: Record<string, unknown>;
  readonly incidents?: number | undefined;
}

const text = z.string().min(1);
const time = z.union([text, z.number()]);
const series = z.strictObject({
  requests: z.union([text, z.number()]).optional(),
  latency: z.union([text, z.number()]).optional(),
  errors: z.union([text, z.number()]).optional(),
  bytes: z.union([text, z.number()]).optional(),
});
const part = { edge: text.optional(), at: time, for: time.optional() };

const schema: z.ZodType<Omit<Case, 'file'>> = z.strictObject({
  case: text,
  config: z.record(z.string(), z.unknown()).default({}),
  metadata: z.record(z.string(), z.string()).default({}),
  start: text.default('2026-01-05T00:00:00Z'),
  window: text.default('10s'),
  for: text,
  seed: z.int().default(1),
  edges: z.record(z.string(), series),
  background: z.int().min(0).default(0),
  backgroundSeries: series.optional(),
  deliver: z
    .strictObject({
      form: z.enum(FORMS).optional(),
      late: z.array(z.strictObject({ ...part, by: time })).optional(),
      twice: z.array(z.strictObject(part)).optional(),
      clock: z.array(z.strictObject({ ...part, by: text })).optional(),
      rollout: z.array(z.strictObject({ edge: text.optional(), at: time })).optional(),
      reset: z.array(z.strictObject({ edge: text.optional(), at: time })).optional(),
      cut: z.int().min(1).optional(),
    })
    .default({}),
  expect: z.array(text),
  never: z.array(text).default([]),
  only: z.boolean().default(true),
  counts: z.record(z.string(), z.union([z.number(), text])).default({}),
  attributes: z.record(z.string(), z.unknown()).default({}),
  incidents: z.int().optional(),
});

/** Every case of test/behaviour, file by file. */
export function readCases(): Case[] {
  const folder = join(ROOT, 'test/behaviour');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.flatMap((file) => {
    const list = parse(readFileSync(join(folder, file), 'utf8'), { maxAliasCount: -1 }) as unknown[];
    return list.map((item) => ({ ...schema.parse(item), file: file.replace(/\.yaml$/, '') }));
  });
}
