// A next hop for benchmarks: takes every request as fast as it can, in frames as small as Go's servers take them, and
// tells its port to the process that forked it.
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

const server = createServer({ settings: { initialWindowSize: 16 << 20 } });
server.on('session', (session) => session.setLocalWindowSize(64 << 20));
server.on('stream', (stream) => {
  stream.on('data', () => {});
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
