// google.rpc.Status in both forms, and how refusals of the pipeline are told to a sender.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Code,
  decodeStatus,
  encodeStatus,
  httpStatusOf,
  statusFromJson,
  statusOf,
  statusToJson,
} from '../../src/otlp/status.js';
import { PermanentError, RetryableError } from '../../src/pipeline/index.js';

test('a status with a delay is the bytes that protoc writes for Status{Any{RetryInfo}}', () => {
  const hex = Buffer.from(encodeStatus({ code: 14, message: 'full', retryAfterMs: 1500 })).toString('hex');
  const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo').toString('hex');
  // code 14; message; Any { type_url, value: RetryInfo { Duration { 1 s, 500,000,000 ns } } }
  assert.equal(hex, `080e120466756c6c1a360a28${url}120a0a0808011080cab5ee01`);
});

test('status survives both encodings', () => {
  for (const status of [
    { code: 3, message: 'bad “bytes”' },
    { code: 14, message: 'full', retryAfterMs: 250 },
    { code: 14, message: '', retryAfterMs: 90_000 },
  ]) {
    assert.deepEqual(decodeStatus(encodeStatus(status)), status);
    assert.deepEqual(statusFromJson(statusToJson(status)), status);
  }
});

test('what is no status is told apart', () => {
  assert.equal(statusFromJson('<html>'), undefined);
  assert.throws(() => decodeStatus(Buffer.from('<html>')));
});

test('G4: refusals become codes', () => {
  assert.deepEqual(statusOf(new RetryableError('queue full', 2000)), {
    code: 14,
    message: 'queue full',
    retryAfterMs: 2000,
  });
  assert.equal(statusOf(new RetryableError('queue full')).retryAfterMs, 1000);
  assert.deepEqual(statusOf(new PermanentError('bad')), { code: Code.INVALID_ARGUMENT, message: 'bad' });
  assert.equal(statusOf(new PermanentError('who', 'unauthenticated')).code, Code.UNAUTHENTICATED);
  assert.equal(statusOf(new PermanentError('no', 'permission_denied')).code, Code.PERMISSION_DENIED);
  assert.equal(statusOf(new PermanentError('no', 'failed_precondition')).code, Code.FAILED_PRECONDITION);
  const fault = statusOf(new TypeError('secret detail'));
  assert.equal(fault.code, Code.INTERNAL);
  assert.doesNotMatch(fault.message, /secret/);
});

test('H9: codes become HTTP statuses', () => {
  const http = (code: number, retryAfterMs?: number): number =>
    httpStatusOf({ code, message: '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  assert.equal(http(Code.INVALID_ARGUMENT), 400);
  assert.equal(http(Code.FAILED_PRECONDITION), 400);
  assert.equal(http(Code.UNAUTHENTICATED), 401);
  assert.equal(http(Code.PERMISSION_DENIED), 403);
  assert.equal(http(Code.RESOURCE_EXHAUSTED), 413);
  assert.equal(http(Code.RESOURCE_EXHAUSTED, 1000), 429);
  assert.equal(http(Code.UNAVAILABLE, 1000), 503);
  assert.equal(http(Code.INTERNAL), 500);
});
