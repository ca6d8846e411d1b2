// Requests on a connection before the answers to those in front of them: answered in their order, others in between,
// and not without end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { endAll } from '../support/peers/processes.js';
import { startReceiver } from '../support/receiver.js';

after(endAll);

const request = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** Everything that the server says to this until it has answered `count` times, or closes. */
async function exchange(port: number, text: string, count: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  let said = '';
  socket.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split('HTTP/1.1 ').length > count) socket.destroy();
  });
  await once(socket, 'close');
  return said;
}

const codesOf = (said: string): string[] => [...said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => code!);

test('answers keep the order of their requests', async () => {
  const { httpPort } = await startReceiver({ http: {} });
  const paths = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? '/nowhere' : '/v1/metrics'));
  const said = await exchange(httpPort, paths.map((path) => request(path, '{}')).join(''), paths.length);
  assert.deepEqual(
    codesOf(said),
    paths.map((path) => (path === '/nowhere' ? '404' : '200')),
  );
});

test('a request that came behind many of another connection does not wait for all of them', async () => {
  const { httpPort } = await startReceiver({ http: {} });
  const order: string[] = [];
  const many = exchange(httpPort, request('/v1/metrics', '{}').repeat(90), 90).then(() => order.push('many'));
  const one = exchange(httpPort, request('/v1/metrics', '{}'), 1).then(() => order.push('one'));
  await Promise.all([many, one]);
  assert.deepEqual(order, ['one', 'many']);
});

test('a connection with more than a hundred requests without an answer is closed', async () => {
  const { httpPort } = await startReceiver({ http: {} });
  const said = await exchange(httpPort, request('/v1/metrics', '{}').repeat(500), 500);
  assert.ok(codesOf(said).length < 500);
});

test('what a connection did that was sent away is not held against those that get its parser', async () => {
  const { httpPort } = await startReceiver({ http: {} });
  const pieces = (type: string): string =>
    `POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(9_000)}`;
  for (let i = 0; i < 10; i++) {
    assert.deepEqual(codesOf(await exchange(httpPort, pieces('application/json'), 1)), ['400']);
    assert.deepEqual(codesOf(await exchange(httpPort, pieces('text/plain'), 1)), ['415']);
    await exchange(httpPort, request('/nowhere', '{}').repeat(500), 500);
  }
  const good = await Promise.all(
    Array.from({ length: 30 }, () => exchange(httpPort, request('/v1/metrics', '{}').repeat(3), 3)),
  );
  for (const said of good) assert.deepEqual(codesOf(said), ['200', '200', '200']);
});
