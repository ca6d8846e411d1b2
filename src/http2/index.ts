// HTTP/2 for gRPC: what receivers and exporters use of it.
export { ClientSession, type ClientSessionOptions } from './client-session.js';
export type { Broken, ClientStream, ResponseReader } from './client-stream.js';
export type { Fields } from './fields.js';
export { ErrorCode } from './frames.js';
export { encodeHeaders } from './hpack/encoder.js';
export type { Message } from './outbound-message.js';
export { connectSharing, shareReads } from './read-memory.js';
export { ServerSession, type ServerSessionOptions } from './server-session.js';
export type { RequestReader, ServerStream } from './server-stream.js';
export type { Windows } from './session.js';
export * from './turns.js';
