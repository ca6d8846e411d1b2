import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { clientTls, clientTlsOptions, opensslSuite, serverTls, serverTlsOptions } from '../../src/config/tls.js';
import { fixture } from '../support/paths.js';

const SERVER = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };
const CA = fixture('tls/ca.pem');

/** What a handshake between the two settings ends in: the protocol spoken, or the error's text. */
async function handshake(server: object, client: object): Promise<string> {
  const listener = createServer(await serverTlsOptions(serverTls.parse(server)), (socket: TLSSocket) => {
    socket.on('error', () => {});
    socket.end('hello');
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  try {
    const options = await clientTlsOptions(clientTls.parse(client));
    return await new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ...options });
      // With TLS 1.3 a server refuses a client's certificate after the client's side of the handshake: only data proves
      // that it worked.
      socket.on('data', () => resolve(`${socket.getProtocol()}`));
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () => resolve('closed'));
    });
  } finally {
    listener.close();
  }
}

test('a client that trusts the authority connects', async () => {
  assert.equal(await handshake(SERVER, { ca_file: CA }), 'TLSv1.3');
});

test('a client without the authority refuses the server, unless told not to look', async () => {
  assert.match(await handshake(SERVER, {}), /certificate/);
  assert.equal(await handshake(SERVER, { insecure_skip_verify: true }), 'TLSv1.3');
});

test('the name in the certificate counts, and can be overridden', async () => {
  assert.match(await handshake(SERVER, { ca_file: CA, server_name_override: 'other.test' }), /altnames/);
  assert.equal(await handshake(SERVER, { ca_file: CA, server_name_override: 'server.test' }), 'TLSv1.3');
});

test('client_ca_file requires a client certificate of that authority', async () => {
  const mutual = { ...SERVER, client_ca_file: CA };
  const signed = { cert_file: fixture('tls/client.pem'), key_file: fixture('tls/client.key') };
  const stranger = { cert_file: fixture('tls/stranger.pem'), key_file: fixture('tls/stranger.key') };
  assert.equal(await handshake(mutual, { ca_file: CA, ...signed }), 'TLSv1.3');
  assert.notEqual(await handshake(mutual, { ca_file: CA }), 'TLSv1.3');
  assert.notEqual(await handshake(mutual, { ca_file: CA, ...stranger }), 'TLSv1.3');
});

test('versions, suites and curves are obeyed', async () => {
  const old = { ca_file: CA, max_version: '1.2' };
  assert.equal(await handshake(SERVER, old), 'TLSv1.2');
  assert.match(await handshake({ ...SERVER, min_version: '1.3' }, old), /version/);
  const chacha = { ...SERVER, cipher_suites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'] };
  assert.equal(await handshake(chacha, old), 'TLSv1.2');
  assert.match(await handshake(chacha, { ...old, cipher_suites: ['ECDHE-ECDSA-AES128-GCM-SHA256'] }), /handshake/);
  assert.match(
    await handshake({ ...SERVER, curve_preferences: ['P384'] }, { ca_file: CA, curve_preferences: ['X25519'] }),
    /handshake/,
  );
});

test('suites go by their registered names', () => {
  assert.equal(opensslSuite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'), 'ECDHE-RSA-AES128-GCM-SHA256');
  assert.equal(opensslSuite('TLS_RSA_WITH_AES_256_CBC_SHA'), 'AES256-SHA');
  assert.equal(opensslSuite('TLS_ROT13'), undefined);
});

const BAD: readonly [string, typeof serverTls | typeof clientTls, object, RegExp][] = [
  ['a server without a certificate', serverTls, {}, /needs cert_file/],
  ['a certificate without its key', clientTls, { cert_file: 'a' }, /go together/],
  ['a file and its text', clientTls, { ca_file: 'a', ca_pem: 'b' }, /either ca_file or ca_pem/],
  ['versions the wrong way round', clientTls, { min_version: '1.3', max_version: '1.2' }, /older than/],
  ['a suite that nobody knows', clientTls, { cipher_suites: ['ROT13'] }, /ROT13/],
];
for (const [name, schema, config, message] of BAD) {
  test(`${name} is refused`, () => assert.match(schema.safeParse(config).error?.message ?? '', message));
}

test('a file that cannot be read is named together with its key', async () => {
  const config = serverTls.parse({ ...SERVER, key_file: '/nowhere/key.pem' });
  await assert.rejects(serverTlsOptions(config), /key_file \/nowhere\/key\.pem/);
});

test('insecure means no TLS', async () => {
  assert.equal(await clientTlsOptions(clientTls.parse({ insecure: true })), undefined);
});
