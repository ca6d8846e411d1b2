// The session as h2spec sees it: every case of RFC 9113 and RFC 7541 that it has, the strict ones included.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { answer, ownServer, whole } from '../support/http2-own.js';
import { fixture } from '../support/paths.js';
import { endAll } from '../support/peers/processes.js';
import { peer, withoutGo } from '../support/peers/programs.js';
import { startReceiver } from '../support/receiver.js';

const CASES = 146;
/** Some cases need a body of this length to take apart. */
const BODY = Buffer.alloc(36, 'h2spec');
/** Other cases need a stream that is still open when their next frame comes; ms. */
const ANSWER_MS = 20;

/**
 * The receiver answers what is no gRPC at once and without a body, and takes frames of 1 MiB. Cases that rest on the
 * contrary:
 */
const NOT_FOR_THE_RECEIVER: ReadonlySet<string> = new Set([
  // A body in the answer.
  'generic/2: Sends a WINDOW_UPDATE frame on half-closed (remote) stream',
  'generic/2: Sends a PRIORITY frame on half-closed (remote) stream',
  'http2/6.5.3: Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE',
  'http2/6.9.1: Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS frame',
  'http2/6.9.2: Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame',
  'http2/6.9.2: Sends a SETTINGS frame for window size to be negative',
  // A stream that has not been answered when its next frame comes.
  'http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame',
  'http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame',
  'http2/5.1.2: Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded',
  'http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
  'http2/8.1: Sends a second HEADERS frame without the END_STREAM flag',
  'http2/8.1.2.1: Sends a HEADERS frame that contains a pseudo-header field as trailers',
  'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the DATA frame payload length',
  'http2/8.1.2.6: Sends a HEADERS frame with the "content-length" header field which does not equal the sum of the multiple DATA frames payload length',
  // Frames of 16 KiB at most: it sends a little more.
  'http2/4.2: Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE',
]);

interface Report {
  readonly cases: number;
  /** Section and title of those that did not pass. */
  readonly failed: string[];
}

/** Runs every case against a server on this port. */
async function h2spec(port: number, ...options: string[]): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-h2spec-'));
  try {
    const report = join(folder, 'report.xml');
    const args = ['-S', '-p', String(port), '-j', report, ...options];
    // It ends with 1 when a case failed: the report says which.
    await promisify(execFile)(peer('h2spec.sh'), args).catch(() => {});
    return read(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * `<testcase package="http2/6.5" classname="title">`, with a `<failure>`, `<error>` or `<skipped>` inside unless it
 * passed.
 */
function read(xml: string): Report {
  const cases = [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g)];
  const failed = cases.filter(([, , , inside]) => /<(failure|error|skipped)/.test(inside ?? ''));
  return {
    cases: cases.length,
    failed: failed.map(([, section, title]) => `${section}: ${title?.replaceAll('&#34;', '"')}`),
  };
}

describe('h2spec', { skip: withoutGo }, () => {
  after(endAll);

  it('passes all cases of a server that answers with a body, a little later', async () => {
    const { port } = await ownServer((stream) => {
      setTimeout(() => answer(stream, BODY), ANSWER_MS);
      return whole(() => {});
    });
    assert.deepEqual(await h2spec(port), { cases: CASES, failed: [] });
  });

  it('passes all cases over TLS', async () => {
    const tls = { cert: readFileSync(fixture('tls/server.pem')), key: readFileSync(fixture('tls/server.key')) };
    const { port } = await ownServer(
      (stream) => {
        setTimeout(() => answer(stream, BODY), ANSWER_MS);
        return whole(() => {});
      },
      { tls },
    );
    assert.deepEqual(await h2spec(port, '-t', '-k'), { cases: CASES, failed: [] });
  });

  it('fails the receiver in no case that applies to it', async () => {
    const { grpcPort } = await startReceiver({ grpc: null });
    const { cases, failed } = await h2spec(grpcPort);
    assert.equal(cases, CASES);
    const unexpected = failed.filter((title) => !NOT_FOR_THE_RECEIVER.has(title));
    assert.deepEqual(unexpected, []);
  });
});
