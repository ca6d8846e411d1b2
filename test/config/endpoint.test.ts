import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from '../../src/config/bytes.js';
import { formatHostPort, grpcTarget, hostPort, httpUrl, parseHostPort } from '../../src/config/endpoint.js';

const ADDRESSES: readonly [string, string, number][] = [
  ['localhost:4317', 'localhost', 4317],
  ['0.0.0.0:0', '0.0.0.0', 0],
  [':4317', '::', 4317],
  ['[::1]:65535', '::1', 65_535],
  ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
];

for (const [text, host, port] of ADDRESSES) {
  test(`${text} is read`, () => assert.deepEqual(parseHostPort(text), { host, port }));
}

for (const bad of ['localhost', 'localhost:', '::1:80', 'localhost:65536', 'a b:1', 'http://x:1', '[::1]', '']) {
  test(`${JSON.stringify(bad)} is no address`, () => assert.equal(hostPort.safeParse(bad).success, false));
}

test('an address is written as it was read, brackets included', () => {
  for (const text of ['localhost:1', '[::1]:2']) {
    const at = parseHostPort(text);
    assert.equal(at && formatHostPort(at), text);
  }
});

test('a gRPC target may name a scheme or a resolver', () => {
  assert.deepEqual(grpcTarget.parse('collector:4317'), { host: 'collector', port: 4317, scheme: undefined });
  assert.deepEqual(grpcTarget.parse('http://collector:4317/'), { host: 'collector', port: 4317, scheme: 'http' });
  assert.deepEqual(grpcTarget.parse('dns:///collector:4317'), { host: 'collector', port: 4317, scheme: undefined });
  assert.equal(grpcTarget.safeParse('collector').success, false);
  assert.equal(grpcTarget.safeParse('collector:0').success, false);
});

test('a URL keeps its path and loses trailing slashes', () => {
  assert.equal(httpUrl.parse('https://collector:4318/otlp//'), 'https://collector:4318/otlp');
  for (const bad of ['collector:4318', 'ftp://x', '', 'http://']) assert.equal(httpUrl.safeParse(bad).success, false);
});

test('bytes are written as people read them', () => {
  assert.deepEqual([900, 1024, 1_572_864, 3 * 1024 ** 4].map(formatBytes), ['900 B', '1 KiB', '1.5 MiB', '3 TiB']);
});
