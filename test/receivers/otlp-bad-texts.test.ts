// Logs with texts that are not UTF-8: taken, forwarded byte for byte, counted, and told once a sender.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { opentelemetry } from '#proto';
import { frameMessage } from '../../src/otlp/grpc-frame.js';
import { NAMES } from '../../src/otlp/messages.js';
import { rawCall, rawSession } from '../support/grpc-raw.js';
import { endAll } from '../support/peers/processes.js';
import { startReceiver } from '../support/receiver.js';

after(endAll);

const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

/** Two records; the text of one, and the name of their service, are no UTF-8. */
function request(): Buffer {
  const logRecords = [{ body: { stringValue: 'fine' } }, { body: { stringValue: 'caf_' } }];
  const attributes = [{ key: 'service.name', value: { stringValue: 'shop_' } }];
  const message = ExportLogsServiceRequest.create({
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }],
  });
  const body = Buffer.from(ExportLogsServiceRequest.encode(message).finish());
  for (const text of ['caf_', 'shop_']) body[body.indexOf(text) + text.length - 1] = 0xe9;
  return body;
}

test('over gRPC and over HTTP', async () => {
  const { grpcPort, httpPort, recorder, lines, count } = await startReceiver({});
  const body = request();
  const session = rawSession(grpcPort);
  for (let i = 0; i < 3; i++) {
    const { status } = await rawCall(session, {
      headers: { ':path': NAMES.logs.grpcPath },
      chunks: [frameMessage(body)],
    });
    assert.equal(status, 0);
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/logs`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200);
  }
  assert.equal(recorder.batches.length, 6);
  for (const batch of recorder.batches) assert.deepEqual(Buffer.from(batch.body), body);
  for (const transport of ['grpc', 'http'])
    assert.equal(await count('pxanomaly_receiver_faulty_texts', { transport, reason: 'invalid_utf8' }), 6);
  const told = lines.filter(({ msg }) => String(msg).includes('not UTF-8'));
  assert.equal(told.length, 1, 'once a sender');
  assert.equal(told[0]!.example, 'shop\ufffd');
  assert.equal(told[0]!.signal, 'logs');
});
