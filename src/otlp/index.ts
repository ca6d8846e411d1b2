// The protocol: messages, OTLP/JSON, google.rpc.Status, gRPC framing, bounded decompression.
export * from './decompress.js';
export * from './grpc-frame.js';
export * from './json.js';
export * from './legacy.js';
export * from './messages.js';
export * from './status.js';
export { wholeReader } from './whole-reader.js';
