// Every target, in the order in which they run.
import type { Target } from '../target.js';
import { target as grpcFraming } from './grpc-framing.js';
import { target as hpack } from './hpack.js';
import { target as http2Client } from './http2-client.js';
import { target as http2NodeClient } from './http2-node-client.js';
import { target as http2NodeServer } from './http2-node-server.js';
import { target as http2Server } from './http2-server.js';
import { targets as json } from './json.js';
import { targets as protobuf } from './protobuf.js';

export const TARGETS: readonly Target[] = [
  http2Server,
  http2Client,
  http2NodeServer,
  http2NodeClient,
  hpack,
  grpcFraming,
  ...protobuf,
  ...json,
];
