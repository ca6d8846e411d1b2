// Tokens between this gateway and a stock Collector, both ways: theirs at our receiver, ours at theirs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fixture } from '../support/paths.js';
import { readRequests } from '../support/peers/otlp-files.js';
import { newFolder, type Setup, startCollector, startGateway } from '../support/peers/otlp-services.js';
import { endAll, eventually, freePorts } from '../support/peers/processes.js';
import { withoutGo } from '../support/peers/programs.js';
import { httpSender } from '../support/peers/senders.js';
import { shopRequest } from '../support/shop.js';

const server = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };
const client = { ca_file: fixture('tls/ca.pem') };
const ends = { gateway: startGateway, Collector: startCollector };
const RETRY = { retry_on_failure: { enabled: false } };

/** One end that asks for a token, and writes what it lets in to a file. */
function asking(ports: { grpc: number; http: number }, file: string): Setup {
  const auth = { authenticator: 'bearertokenauth' };
  const grpc = { endpoint: `127.0.0.1:${ports.grpc}`, tls: server, auth };
  const http = { endpoint: `127.0.0.1:${ports.http}`, tls: server, auth };
  return {
    receivers: { 'otlp/in': { protocols: { grpc, http } } },
    extensions: { bearertokenauth: { tokens: ['an-older-one', 'of-the-sender'] } },
    exporters: { file: { path: file, flush_interval: '50ms' } },
    pipelines: { metrics: { receivers: ['otlp/in'], exporters: ['file'] } },
  };
}

/** The other end, which reads its token from a file and sends over both protocols. */
function showing(ports: { grpc: number; http: number }, filename: string): Setup {
  const auth = { authenticator: 'bearertokenauth' };
  const exporters = {
    otlp_grpc: { endpoint: `127.0.0.1:${ports.grpc}`, tls: client, auth, ...RETRY },
    otlp_http: { endpoint: `https://127.0.0.1:${ports.http}`, tls: client, auth, ...RETRY },
  };
  return {
    extensions: { bearertokenauth: { filename } },
    exporters,
    pipelines: { metrics: { receivers: ['otlp'], exporters: Object.keys(exporters) } },
  };
}

describe('bearertokenauth', { skip: withoutGo }, () => {
  after(endAll);
  for (const [from, to] of [
    ['gateway', 'Collector'],
    ['Collector', 'gateway'],
  ] as const) {
    test(`${from} to ${to}: the token lets it in, another does not, and a file that changes counts`, async () => {
      const folder = newFolder();
      const [grpc = 0, http = 0] = await freePorts(2);
      const [file, token] = [join(folder, 'arrived.jsonl'), join(folder, 'token')];
      writeFileSync(token, 'of-somebody-else');
      await ends[to](asking({ grpc, http }, file));
      const sender = await ends[from](showing({ grpc, http }, token));
      const send = () => httpSender(sender.httpPort).send('metrics', shopRequest(0));
      await send();
      await eventually(() => /unauthenticated/i.test(sender.output()), 20_000, 'a refusal');
      assert.equal(readRequests(file).length, 0);
      writeFileSync(token, 'of-the-sender');
      await eventually(
        async () => {
          await send();
          return readRequests(file).length >= 2;
        },
        30_000,
        'the new token',
      );
    });
  }
});
