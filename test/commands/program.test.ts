// The program as a process: its commands, exit codes and signals.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parse } from 'yaml';
import { metricsBatch } from '../support/batches.js';
import { ROOT } from '../support/paths.js';

const directory = mkdtempSync(join(tmpdir(), 'pxanomaly-program-'));
after(() => rmSync(directory, { recursive: true }));

let files = 0;
function file(text: string): string {
  const path = join(directory, `c${++files}.yaml`);
  writeFileSync(path, text);
  return path;
}

const CONFIG = `
receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' }, http: { endpoint: '127.0.0.1:0' } } } }
processors: { anomaly: }
exporters: { debug: }
extensions: { health_check: { endpoint: '127.0.0.1:0' } }
service:
  extensions: [health_check]
  telemetry: { logs: { encoding: json }, metrics: { readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: 0 } } } }] } }
  pipelines: { metrics: { receivers: [otlp], processors: [anomaly], exporters: [debug] } }
`;

type Addresses = Record<string, Record<string, string>>;

class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  private readonly ended: Promise<unknown[]>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const environment = { ...process.env, NODE_TEST_CONTEXT: undefined, ...env };
    this.child = spawn(process.execPath, [`${ROOT}/bin/pxanomaly`, ...args], { env: environment });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk);
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk);
    });
    this.ended = once(this.child, 'close');
  }

  /** The fields of the first JSON log line with this message that comes after `from` characters. */
  async line(message: string, from = 0): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.stderr
        .slice(from)
        .split('\n')
        .find((line) => line.includes(`"msg":"${message}`) && line.endsWith('}'));
      if (found) return JSON.parse(found) as Record<string, unknown>;
      if (this.child.exitCode !== null) throw new Error(`ended without "${message}":\n${this.stderr}`);
      await Promise.race([once(this.child.stderr ?? this.child, 'data'), this.ended]);
    }
  }

  async addresses(): Promise<Addresses> {
    return (await this.line('ready')).listening as Addresses;
  }

  /** The exit code, or the name of the signal that ended it. */
  async end(signal?: NodeJS.Signals): Promise<number | string> {
    if (signal) this.child.kill(signal);
    const [code, by] = await this.ended;
    return (code ?? by) as number | string;
  }
}

async function run(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const program = new Program(args);
  const code = await program.end();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

describe('commands', () => {
  it('--version', async () => {
    const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
    assert.deepEqual(await run('--version'), { code: 0, stdout: `pxanomaly ${version}\n`, stderr: '' });
  });

  it('help, and what is no command', async () => {
    const help = await run('help');
    assert.equal(help.code, 0);
    for (const command of ['validate', 'print-config', 'components', 'replay', 'demo'])
      assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
    assert.equal((await run()).code, 2);
    const wrong = await run('valdate');
    assert.deepEqual(
      [wrong.code, wrong.stderr.split('\n')[0]],
      [2, 'pxanomaly: there is no command "valdate"; did you mean "validate"?'],
    );
    assert.deepEqual([(await run('--confg', 'x')).code, (await run('validate')).code], [2, 2]);
  });

  it('validate is silent when all is well, and says everything when not', async () => {
    assert.deepEqual(await run('validate', '--config', file(CONFIG)), { code: 0, stdout: '', stderr: '' });
    const bad = file(CONFIG.replace('anomaly: }', 'anomaly: { treshold: 1, export_top: many } }'));
    const { code, stderr } = await run('validate', `--config=${bad}`);
    assert.equal(code, 1);
    assert.deepEqual(stderr.trim().split('\n').toSorted(), [
      `error: ${bad}:3: processors::anomaly::export_top: expected a number, got "many"`,
      `error: ${bad}:3: processors::anomaly::treshold: unknown key; did you mean "threshold"?`,
    ]);
  });

  it('components lists every one with its stability', async () => {
    const { stdout } = await run('components');
    const listed = parse(stdout) as Record<string, { name: string; stability: Record<string, string> }[]>;
    assert.deepEqual(
      listed.receivers?.map((one) => one.name),
      ['otlp'],
    );
    assert.equal(listed.exporters?.find((one) => one.name === 'otlp_grpc')?.stability.metrics, 'alpha');
  });

  it('print-config fills defaults in and hides secrets unless told otherwise', async () => {
    const path = file(
      CONFIG.replace(
        'debug: }',
        'debug: , otlp_http: { endpoint: "http://x", headers: { a: hush }, tls: { key_pem: k, cert_pem: c } } }',
      ).replace('[debug]', '[debug, otlp_http]'),
    );
    const print = async (...more: string[]): Promise<{ code: number | string; stdout: string }> =>
      run('print-config', '--config', path, '--set', 'processors.anomaly.threshold=0.95', ...more);
    const redacted = parse((await print()).stdout) as {
      exporters: { otlp_http: { headers: { a: string }; tls: Record<string, string>; timeout: string } };
      processors: { anomaly: { threshold: number; export_interval: string } };
    };
    assert.deepEqual(redacted.exporters.otlp_http.headers, { a: '[REDACTED]' });
    assert.equal(redacted.exporters.otlp_http.tls.key_pem, '[REDACTED]');
    assert.equal(redacted.exporters.otlp_http.tls.min_version, '1.2');
    assert.deepEqual(
      [redacted.processors.anomaly.threshold, redacted.processors.anomaly.export_interval],
      [0.95, '60s'],
    );
    const shown = JSON.parse((await print('--mode', 'unredacted', '--format=json')).stdout) as typeof redacted;
    assert.equal(shown.exporters.otlp_http.tls.key_pem, 'k');
    assert.equal((await print('--mode', 'open')).code, 2);
    const again = file((await print('--mode', 'unredacted')).stdout);
    assert.equal((await run('validate', '--config', again)).code, 0, 'what is printed is a configuration again');
  });

  it('a configuration that is not valid does not start', async () => {
    const { code, stderr } = await run('--config', file('service: {}'));
    assert.equal(code, 1);
    assert.match(stderr, /^pxanomaly: the configuration is not valid: .*service::pipelines: is required\n$/);
  });
});

describe('serving', () => {
  it('is healthy while it runs, shows its metrics, and ends cleanly on SIGTERM', async () => {
    const program = new Program(['--config', file(CONFIG)]);
    const addresses = await program.addresses();
    assert.equal((await fetch(`http://${addresses['extensions::health_check']?.http}`)).status, 200);
    const { body } = metricsBatch(3);
    const headers = { 'content-type': 'application/x-protobuf' };
    const sent = await fetch(`http://${addresses['receivers::otlp']?.http}/v1/metrics`, {
      method: 'POST',
      headers,
      body: body as Uint8Array<ArrayBuffer>,
    });
    assert.equal(sent.status, 200);
    const metrics = await (await fetch(`http://${addresses['service::telemetry::metrics']?.http}/metrics`)).text();
    assert.match(metrics, /^otelcol_receiver_accepted_metric_points\{[^}]*transport="http"[^}]*\} 3$/m);
    assert.match(metrics, /^otelcol_process_uptime /m);
    assert.equal(await program.end('SIGTERM'), 0);
    assert.equal((await program.line('stopped')).clean, true);
  });

  it('a port that is taken stops the start and is named', async () => {
    const holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    const { port } = holder.address() as AddressInfo;
    const { code, stderr } = await run(
      '--config',
      file(CONFIG.replace("health_check: { endpoint: '127.0.0.1:0'", `health_check: { endpoint: '127.0.0.1:${port}'`)),
    );
    holder.close();
    assert.equal(code, 1);
    assert.match(stderr, /pxanomaly: extension health_check cannot start: listen EADDRINUSE/);
  });

  it('reads its configuration again on SIGHUP: the receiver goes on, a wrong one changes nothing', async () => {
    const path = file(CONFIG);
    const program = new Program(['--config', path]);
    const before = (await program.addresses())['receivers::otlp'];
    writeFileSync(path, CONFIG.replace('anomaly: }', 'anomaly: { threshold: 0.95 } }'));
    program.child.kill('SIGHUP');
    const reloaded = await program.line('configuration reloaded');
    assert.deepEqual((reloaded.listening as Addresses)['receivers::otlp'], before);
    writeFileSync(path, CONFIG.replace('anomaly: }', 'anomaly: { treshold: 0.95 } }'));
    program.child.kill('SIGHUP');
    const refused = await program.line('the configuration was changed, but is not valid');
    assert.match(String((refused.problems as string[])[0]), /did you mean "threshold"/);
    assert.equal(
      (
        await fetch(`http://${before?.http}/v1/metrics`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
      200,
    );
    assert.equal(await program.end('SIGINT'), 0);
  });

  it('a second signal ends it at once', async () => {
    // Takes what is sent and never answers: the queue cannot be drained.
    const silent = createServer(() => {});
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    const exporter = `otlp_http: { endpoint: 'http://127.0.0.1:${port}', timeout: 60s, sending_queue: { drain_timeout: 60s } }`;
    const program = new Program([
      '--config',
      file(CONFIG.replace('debug: }', `${exporter} }`).replace('[debug]', '[otlp_http]')),
    ]);
    const http = (await program.addresses())['receivers::otlp']?.http;
    const body = metricsBatch(3).body as Uint8Array<ArrayBuffer>;
    const arrived = once(silent, 'request');
    await fetch(`http://${http}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
    });
    await arrived;
    program.child.kill('SIGTERM');
    await program.line('shutting down');
    assert.equal(await program.end('SIGTERM'), 143);
    silent.closeAllConnections();
    silent.close();
  });
});
