// `pxanomaly init`: what it writes passes `validate`, runs, and never overwrites by accident.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { USES } from '../../src/commands/init/templates.js';
import { createGateway } from '../../src/index.js';
import { createTelemetry } from '../../src/telemetry/index.js';
import { UsageError } from '../../src/terminal/io.js';
import { command } from '../support/commands.js';

const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-init-'));

describe('init', () => {
  for (const use of USES) {
    test(`${use}: the file passes validate without a word`, async () => {
      const file = join(folder, `${use}.yaml`);
      const written = await command('init', use, '--output', file);
      assert.equal(written.code, 0);
      assert.match(written.stdout, /is written\. Next:/);
      const validated = await command('validate', '--config', file);
      assert.deepEqual(validated, { code: 0, stdout: '', stderr: '' });
    });

    test(`${use}: it starts, and has what production needs`, async () => {
      const { stdout } = await command('init', use, '--output', '-');
      const config = parse(stdout);
      assert.deepEqual(config.service.extensions, ['health_check', 'file_storage']);
      assert.deepEqual(config.service.pipelines.metrics.exporters, ['otlp_grpc', 'prometheus', 'anomaly_events']);
      assert.deepEqual(config.service.pipelines.metrics.processors, ['memory_limiter', 'anomaly']);
      assert.equal('traces' in config.service.pipelines, use === 'collector');
      const local = '127.0.0.1:0';
      const gateway = createGateway(config, {
        env: {
          PXANOMALY_GRPC: local,
          PXANOMALY_HTTP: local,
          PXANOMALY_HEALTH: local,
          PXANOMALY_PROMETHEUS: local,
          PXANOMALY_TELEMETRY_HOST: '127.0.0.1',
          PXANOMALY_TELEMETRY_PORT: '0',
          PXANOMALY_STATE: join(folder, 'state'),
        },
        log: createTelemetry().log,
      });
      await gateway.start();
      assert.ok(gateway.addresses()['exporters::prometheus']?.http);
      assert.deepEqual(await gateway.shutdown(), []);
    });
  }

  test('a file that is there stays, unless it is forced', async () => {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, 'mine');
    await assert.rejects(command('init', 'pixie', '--output', file), /is there already; --force overwrites it/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    await command('init', '--output', file, '--force');
    assert.match(readFileSync(file, 'utf8'), /Pixie/);
  });

  test('a use that does not exist is answered with the nearest', async () => {
    await assert.rejects(command('init', 'pixi'), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /did you mean "pixie"/);
      return true;
    });
    await assert.rejects(command('init', 'pixie', 'collector'), UsageError);
    await assert.rejects(command('init', '--colour'), UsageError);
    assert.match((await command('init', '--help')).stdout, /^Usage: pxanomaly init/);
  });
});
