// What a user may write under `basicauth:`, under the Collector's keys.
import { z } from 'zod';
import { type BindingConfig, bindingKeys } from '../../auth/binding.js';
import { parseHtpasswd } from './htpasswd.js';

export interface HtpasswdConfig {
  readonly file?: string | undefined;
  readonly inline?: string | undefined;
}

export interface ClientAuthConfig {
  readonly username?: string | undefined;
  readonly username_file?: string | undefined;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
}

export interface BoundUser extends BindingConfig {
  readonly username: string;
}

export interface Config {
  readonly htpasswd?: HtpasswdConfig | undefined;
  readonly client_auth?: ClientAuthConfig | undefined;
  readonly users: readonly BoundUser[];
}

const file = z.string().min(1).optional();
const { name: _, ...binding } = bindingKeys;

const htpasswd = z
  .strictObject({
    file: file.describe('File of users and hashes, read again when it changes'),
    inline: z.string().optional().describe('The same as text; of a user in both, this counts').meta({ secret: true }),
  })
  .superRefine(({ file: path, inline }, ctx) => {
    if (path === undefined && inline === undefined) ctx.addIssue({ code: 'custom', message: 'give file or inline' });
    try {
      parseHtpasswd(inline ?? '');
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: `inline: ${(error as Error).message}` });
    }
  });

const clientAuth = z
  .strictObject({
    username: z.string().min(1).optional().describe('Who we are'),
    username_file: file.describe('File that says it instead, read again when it changes'),
    password: z.string().optional().describe('Our password').meta({ secret: true }),
    password_file: file.describe('File that holds it instead, read again when it changes'),
  })
  .superRefine((given, ctx) => {
    for (const key of ['username', 'password'] as const) {
      if ((given[key] === undefined) === (given[`${key}_file`] === undefined))
        ctx.addIssue({ code: 'custom', message: `give either ${key} or ${key}_file` });
    }
    if (given.username?.includes(':')) ctx.addIssue({ code: 'custom', message: 'a username has no colon' });
  });

export const schema: z.ZodType<Config> = z.strictObject({
  htpasswd: htpasswd.optional().describe('For receivers: whom they let in (bcrypt, apr1, SHA, SSHA, or plain text)'),
  client_auth: clientAuth.optional().describe('For exporters: what they send'),
  users: z
    .array(z.strictObject({ username: z.string().min(1).describe('A user of htpasswd'), ...binding }))
    .default([])
    .describe('What users are bound to'),
});

/** What no single key shows. */
export function validate({ htpasswd: server, client_auth: client, users }: Config): string[] {
  if (server && client) return ['give either htpasswd, for receivers, or client_auth, for exporters'];
  if (!server && !client) return ['give htpasswd, for receivers, or client_auth, for exporters'];
  const names = users.map(({ username }) => username);
  return names.flatMap((name, i) => (names.indexOf(name) < i ? [`users[${i}]: ${name} stands there twice`] : []));
}
