// Bounds on connections: the one that was idle the longest goes, and only where there is none a new one is turned away.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { frameMessage } from '../../src/otlp/grpc-frame.js';
import { ConnectionLimit, type Limited } from '../../src/receivers/otlp/connection-limit.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { atEnd, endAll, eventually } from '../support/peers/processes.js';
import { httpSender } from '../support/peers/senders.js';
import { startReceiver } from '../support/receiver.js';

after(endAll);

class Fake implements Limited {
  idle = true;
  closed = false;
  constructor(readonly peer: string) {}
  close(): void {
    this.closed = true;
  }
}

function limit(total: number, perPeer: number) {
  const bitten: boolean[] = [];
  const connections = new ConnectionLimit<Fake>({ total, perPeer }, (_, closedIdle) => bitten.push(closedIdle));
  const admit = (peer: string): Fake => {
    const fake = new Fake(peer);
    if (!connections.admit(fake)) fake.closed = true;
    return fake;
  };
  return { connections, bitten, admit };
}

describe('ConnectionLimit', () => {
  it('closes the connection that was idle the longest, of the peer that has too many', () => {
    const { connections, bitten, admit } = limit(10, 2);
    const other = admit('b');
    const [first, second] = [admit('a'), admit('a')];
    connections.used(first);
    const third = admit('a');
    assert.deepEqual([other.closed, first.closed, second.closed, third.closed], [false, false, true, false]);
    assert.deepEqual(bitten, [true]);
    assert.equal(connections.size, 3);
  });

  it('turns a new one away where none is idle, and takes it again when there is room', () => {
    const { connections, bitten, admit } = limit(2, 0);
    const [first, second] = [admit('a'), admit('b')];
    first.idle = second.idle = false;
    assert.equal(admit('c').closed, true);
    assert.deepEqual(bitten, [false]);
    connections.remove(first);
    connections.remove(first);
    assert.equal(admit('c').closed, false);
  });

  it('0 is no bound', () => {
    const { connections, admit } = limit(0, 0);
    for (let i = 0; i < 1_000; i++) admit('a');
    assert.equal(connections.size, 1_000);
  });
});

describe('a receiver with max_connections_per_peer', () => {
  const idle = async (port: number, hello: string): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume();
    atEnd(async () => socket.destroy());
    await once(socket, 'connect');
    socket.write(hello);
    return socket;
  };
  const HTTP2 = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

  it('gRPC: serves new senders while others only sit there', async () => {
    const { grpcPort, count } = await startReceiver({ grpc: { max_connections_per_peer: 3 } });
    const sockets = await Promise.all(Array.from({ length: 3 }, () => idle(grpcPort, HTTP2)));
    const closed = sockets.map((socket) => once(socket, 'close'));
    assert.equal((await rawCall(rawSession(grpcPort), { chunks: [frameMessage(Buffer.alloc(0))] })).status, 0);
    await Promise.any(closed);
    assert.equal(await count('pxanomaly_receiver_connections_over_limit', { reason: 'idle' }), 1);
  });

  it('HTTP: likewise, and counts those that never ask anything', async () => {
    const { httpPort, count } = await startReceiver({ http: { max_connections_per_peer: 3 } });
    const sockets = await Promise.all(Array.from({ length: 3 }, () => idle(httpPort, 'POST /v1/metrics HTTP/1.1\r\n')));
    const closed = sockets.map((socket) => once(socket, 'close'));
    const sender = httpSender(httpPort);
    atEnd(async () => sender.close());
    await sender.send('metrics', Buffer.alloc(0));
    await Promise.any(closed);
    await eventually(
      async () => (await count('pxanomaly_receiver_connections_over_limit', { transport: 'http' })) >= 1,
    );
  });
});
