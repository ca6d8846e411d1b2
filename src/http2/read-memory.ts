// Sockets that read into memory which all connections share, where Node would take new memory for every read.
//
// A read is over, and what it brought has been taken, before the next begins: libuv reads when the system says that
// there is something, and calls back at once. Only Windows wants memory before there is anything to read.
import { connect, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';

/** As much as Node would take for one read. */
const READ_BYTES = 1 << 16;
const memory = Buffer.allocUnsafeSlow(READ_BYTES);

/** What `net` keeps the option `onread` of a socket as. */
const KEPT_BUFFER = 'kBuffer';
const KEPT_CALLBACK = 'kBufferCb';

interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void;
}

type ReadInside = Socket & { readonly _handle?: Handle | null } & Record<symbol, unknown>;

/** Has `take` get what a socket reads, valid until it returns; undefined where reads cannot share memory. */
function sharedRead(take: (chunk: Buffer) => void): OnReadOpts | undefined {
  if (process.platform === 'win32') return undefined;
  return {
    buffer: memory,
    callback: (bytes) => {
      take(memory.subarray(0, bytes));
      return true;
    },
  };
}

/** `net.connect`, with 'data' events that bring views of the shared memory, valid until the event is over. */
export function connectSharing(options: TcpNetConnectOpts): Socket {
  const onread = sharedRead((chunk) => socket.emit('data', chunk));
  const socket: Socket = connect({ ...options, ...(onread && { onread }) });
  return socket;
}

/**
 * The same for an accepted socket, before anything was read of it. Node has the option `onread` for sockets that
 * connect, and none for these: this does to them what that option does, and leaves a socket as it is (false) where Node
 * does not look as expected.
 */
export function shareReads(socket: Socket): boolean {
  const inside = socket as ReadInside;
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find(({ description }) => description === KEPT_BUFFER);
  const callback = symbols.find(({ description }) => description === KEPT_CALLBACK);
  const reads = sharedRead((chunk) => socket.emit('data', chunk));
  const handle = inside._handle;
  if (!reads || !buffer || !callback || typeof handle?.useUserBuffer !== 'function') return false;
  inside[buffer] = reads.buffer;
  inside[callback] = reads.callback;
  handle.useUserBuffer(memory);
  return true;
}
