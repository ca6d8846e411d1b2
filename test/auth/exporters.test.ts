// What exporters show of themselves to the next hop, and what they do when it does not know them.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { grpcPush } from '../../src/exporters/otlp-grpc/exporter.js';
import grpcFactory from '../../src/exporters/otlp-grpc/factory.js';
import { httpPush } from '../../src/exporters/otlp-http/exporter.js';
import httpFactory from '../../src/exporters/otlp-http/factory.js';
import basicauth from '../../src/extensions/basicauth/factory.js';
import bearertokenauth from '../../src/extensions/bearertokenauth/factory.js';
import oauth2client from '../../src/extensions/oauth2client/factory.js';
import { type ClientAuthenticator, type Extension, PermanentError, RetryableError } from '../../src/pipeline/index.js';
import type { Push } from '../../src/sending/exporter.js';
import { opaqueBatch } from '../support/batches.js';
import { grpcServer, ok } from '../support/grpc-server.js';
import { eventually } from '../support/peers/processes.js';
import { testSettings } from '../support/settings.js';

const BATCH = opaqueBatch(1);
const NEVER = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-auth-'));

type Auth = Extension & ClientAuthenticator;

async function started(context: TestContext, made: unknown): Promise<Auth> {
  const extension = made as Auth;
  await extension.start();
  context.after(() => extension.shutdown());
  return extension;
}

/** A server whose answer the test sets, with the headers and bodies that came. */
async function httpServer(context: TestContext) {
  const seen: { headers: http.IncomingHttpHeaders; body: string }[] = [];
  const state = { seen, answer: (_: (typeof seen)[number]): [status: number, body: string] => [200, ''] };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = { headers: request.headers, body: Buffer.concat(chunks).toString('latin1') };
    seen.push(one);
    const [status, body] = state.answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(state, { port: (server.address() as AddressInfo).port });
}

async function overHttp(context: TestContext, port: number, auth: Auth): Promise<Push> {
  const config = httpFactory.schema.parse({
    endpoint: `http://127.0.0.1:${port}`,
    compression: 'none',
    auth: { authenticator: 'it' },
  });
  const push = httpPush(testSettings('otlp_http', { extension: () => auth }), config);
  await push.start?.();
  context.after(() => push.close());
  return push;
}

describe('bearertokenauth', () => {
  test('its token goes with every request, over gRPC and HTTP, as the file says it now', async (context) => {
    const file = join(folder, 'token');
    writeFileSync(file, 'before\n');
    const auth = await started(
      context,
      bearertokenauth.create(testSettings('bearertokenauth'), bearertokenauth.schema.parse({ filename: file })),
    );
    const hop = await grpcServer(context);
    const seen: unknown[] = [];
    hop.answer = (call) => {
      seen.push(call.headers.authorization);
      ok()(call);
    };
    const config = grpcFactory.schema.parse({
      endpoint: `127.0.0.1:${hop.port}`,
      tls: { insecure: true },
      auth: { authenticator: 'it' },
    });
    const push = grpcPush(testSettings('otlp_grpc', { extension: () => auth }), config);
    context.after(() => push.close());
    await push.send(BATCH, NEVER);
    await push.send(BATCH, NEVER);
    writeFileSync(file, 'after\n');
    await eventually(async () => (await auth.credentials()).authorization === 'Bearer after');
    await push.send(BATCH, NEVER);
    assert.deepEqual(seen, ['Bearer before', 'Bearer before', 'Bearer after']);
    const server = await httpServer(context);
    await (await overHttp(context, server.port, auth)).send(BATCH, NEVER);
    assert.equal(server.seen[0]!.headers.authorization, 'Bearer after');
  });

  test('a refusal is for good while the token is the same', async (context) => {
    const auth = await started(
      context,
      bearertokenauth.create(testSettings('bearertokenauth'), bearertokenauth.schema.parse({ token: 'old' })),
    );
    const server = await httpServer(context);
    server.answer = () => [401, '{"message":"who are you?"}'];
    const push = await overHttp(context, server.port, auth);
    await assert.rejects(push.send(BATCH, NEVER), (error) => error instanceof PermanentError);
  });
});

test('basicauth: user name and password, each from a file or the configuration', async (context) => {
  const file = join(folder, 'password');
  writeFileSync(file, 'pa:ss\n');
  const client_auth = { username: 'me', password_file: file };
  const auth = await started(
    context,
    basicauth.create(testSettings('basicauth'), basicauth.schema.parse({ client_auth })),
  );
  const server = await httpServer(context);
  const push = await overHttp(context, server.port, auth);
  await push.send(BATCH, NEVER);
  writeFileSync(file, 'other');
  const is = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  await eventually(async () => (await auth.credentials()).authorization === is('me:other'));
  await push.send(BATCH, NEVER);
  assert.deepEqual(
    server.seen.map(({ headers }) => headers.authorization),
    [is('me:pa:ss'), is('me:other')],
  );
});

describe('oauth2client', () => {
  const config = (port: number, more: object = {}) =>
    oauth2client.schema.parse({
      client_id: 'gateway',
      client_secret: 's&cret',
      token_url: `http://127.0.0.1:${port}/token`,
      scopes: ['a', 'b'],
      endpoint_params: { audience: 'x' },
      ...more,
    });
  const make = (context: TestContext, port: number, more: object = {}) =>
    started(context, oauth2client.create(testSettings('oauth2client'), config(port, more)));
  const token = (value: string, seconds: number | string = 3600) =>
    [200, JSON.stringify({ access_token: value, token_type: 'bearer', expires_in: seconds })] as [number, string];

  test('fetches one token for all, and asks as the grant says', async (context) => {
    const server = await httpServer(context);
    server.answer = () => token(`t${server.seen.length}`);
    const auth = await make(context, server.port);
    assert.equal(server.seen.length, 0, 'not before it is needed');
    const all = await Promise.all(Array.from({ length: 20 }, () => auth.credentials()));
    assert.deepEqual(new Set(all.map(({ authorization }) => authorization)), new Set(['Bearer t1']));
    const [asked] = server.seen;
    assert.equal(asked!.headers.authorization, `Basic ${Buffer.from('gateway:s%26cret').toString('base64')}`);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(asked!.body)), {
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'x',
    });
  });

  test('a server that wants the secret in the body gets it there, from then on at once', async (context) => {
    const server = await httpServer(context);
    server.answer = ({ headers, body }) =>
      headers.authorization || !body.includes('client_secret=s%26cret')
        ? [401, '{"error":"invalid_client"}']
        : token('t', 1e-3);
    const auth = await make(context, server.port, { expiry_buffer: '1h' });
    await auth.credentials();
    assert.equal(server.seen.length, 2);
    await eventually(async () => {
      await auth.credentials();
      return server.seen.length === 3;
    });
  });

  test('a token is replaced before it ends, at the earliest after half of its life', async (context) => {
    const server = await httpServer(context);
    server.answer = () => token(`t${server.seen.length}`, '1');
    const auth = await make(context, server.port, { expiry_buffer: '5m' });
    const first = await auth.credentials();
    assert.equal(await auth.credentials(), first, 'not at once');
    await eventually(async () => (await auth.credentials()) !== first);
  });

  test('a token that is refused is replaced and the request tried again, a fresh one is not', async (context) => {
    const server = await httpServer(context);
    server.answer = () => token(`t${server.seen.length}`);
    const auth = await make(context, server.port);
    const hop = await httpServer(context);
    hop.answer = ({ headers }) => (headers.authorization === 'Bearer t1' ? [401, ''] : [200, '']);
    const push = await overHttp(context, hop.port, auth);
    // A fresh token that is refused is refused for good.
    await assert.rejects(push.send(BATCH, NEVER), (error) => error instanceof PermanentError);
    await eventually(
      () =>
        push.send(BATCH, NEVER).then(
          () => true,
          (error) => {
            if (error instanceof RetryableError) assert.match(error.message, /the next attempt has another credential/);
            return false;
          },
        ),
      20_000,
    );
    assert.equal(hop.seen.at(-1)!.headers.authorization, 'Bearer t2');
  });

  test('without a token the attempt fails, to be tried again, in words that hold no secret', async (context) => {
    const server = await httpServer(context);
    const answers: [number, string][] = [
      [400, '{"error":"invalid_scope","error_description":"no such scope"}'],
      [500, 'out of order'],
      [200, 'no JSON'],
      [200, '{"token":"hidden"}'],
    ];
    const auth = await make(context, server.port);
    for (const [answer, said] of answers.map(
      (one, i) => [one, ['no such scope', 'out of order', 'no JSON', 'no access_token'][i]!] as const,
    )) {
      server.answer = () => answer;
      await assert.rejects(
        async () => auth.credentials(),
        (error: Error) => {
          assert.ok(error instanceof RetryableError);
          assert.match(error.message, new RegExp(said));
          assert.doesNotMatch(error.message, /s&cret|hidden/);
          return true;
        },
      );
    }
  });
});

test('an extension that is of no use there is named', () => {
  const nothing = testSettings('otlp_http', { extension: () => undefined });
  const config = httpFactory.schema.parse({ endpoint: 'http://127.0.0.1:1', auth: { authenticator: 'file_storage' } });
  assert.throws(
    () => httpPush(nothing, config),
    /auth: "file_storage" has no credentials to send; name bearertokenauth/,
  );
  assert.deepEqual(httpFactory.advise?.(config), ['auth: without TLS the credential can be read on the way']);
  const twice = httpFactory.schema.parse({
    endpoint: 'https://a.example',
    headers: { Authorization: 'x' },
    auth: { authenticator: 'a' },
  });
  assert.deepEqual(httpFactory.validate?.(twice), ['give either auth or headers.authorization']);
});
