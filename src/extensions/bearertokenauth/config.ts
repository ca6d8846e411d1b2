// What a user may write under `bearertokenauth:`.
import { z } from 'zod';
import { type BindingConfig, bindingKeys } from '../../auth/binding.js';

export interface BoundToken extends BindingConfig {
  readonly token?: string | undefined;
  readonly filename?: string | undefined;
}

export interface Config {
  readonly header: string;
  readonly scheme: string;
  readonly token?: string | undefined;
  readonly filename?: string | undefined;
  readonly tokens: readonly BoundToken[];
}

const oneToken = z.string().min(1, 'is empty: a token that everybody knows');
const file = z.string().min(1).optional();

const bound = z
  .strictObject({
    token: oneToken.optional().describe('The token').meta({ secret: true }),
    filename: file.describe('File that holds it, one a line, read again when it changes'),
    ...bindingKeys,
  })
  .superRefine(({ token, filename }, ctx) => {
    if ((token === undefined) === (filename === undefined))
      ctx.addIssue({ code: 'custom', message: 'give either token or filename' });
  });

export const schema: z.ZodType<Config> = z.strictObject({
  header: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'not a header name')
    .default('Authorization')
    .describe('Header that carries the token; of senders `x-pxanomaly-token` is taken as well'),
  scheme: z.string().default('Bearer').describe('Word in front of the token; empty: none'),
  token: oneToken.optional().describe('The token, to send and to ask for').meta({ secret: true }),
  filename: file.describe(
    'File that holds it instead, read again when it changes. Several lines: any of them is taken',
  ),
  tokens: z
    .array(z.union([oneToken.transform((token) => ({ token })).meta({ secret: true }), bound]))
    .default([])
    .describe('Tokens to ask for, each as text or with what it is bound to'),
});

/** What no single key shows. */
export function validate({ token, filename, tokens }: Config): string[] {
  if (token === undefined && filename === undefined && tokens.length === 0)
    return ['give token, filename or tokens: without one nobody could come in'];
  if (token !== undefined && filename !== undefined) return ['give either token or filename'];
  return [...sameTokens(token, tokens), ...sameNames(tokens)];
}

/** A token that stands for two would be bound to whichever is found. */
function sameTokens(token: string | undefined, tokens: readonly BoundToken[]): string[] {
  const places = new Map(token === undefined ? [] : [[token, 'token']]);
  return tokens.flatMap(({ token: each }, index) => {
    if (each === undefined) return [];
    const same = places.get(each);
    places.set(each, `tokens[${index}]`);
    return same === undefined ? [] : [`tokens[${index}]: is the same token as ${same}`];
  });
}

function sameNames(tokens: readonly BoundToken[]): string[] {
  const names = new Map<string, number>();
  return tokens.flatMap(({ name }, index) => {
    const same = name === undefined ? undefined : names.get(name);
    if (name !== undefined) names.set(name, index);
    return same === undefined ? [] : [`tokens[${index}]: has the same name as tokens[${same}]`];
  });
}
