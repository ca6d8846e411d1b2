import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type Config, schema } from '../../src/extensions/health-check/config.js';
import { HealthCheck } from '../../src/extensions/health-check/health-check.js';
import { testSettings } from '../support/settings.js';

let check: HealthCheck | undefined;
afterEach(() => check?.shutdown());

async function start(
  more: object = {},
): Promise<(path?: string, method?: string) => Promise<{ status: number; body: string; type: string | null }>> {
  check = new HealthCheck(testSettings('health_check'), schema.parse({ endpoint: '127.0.0.1:0', ...more }) as Config);
  await check.start();
  const { http } = check.addresses();
  return async (path = '/', method = 'GET') => {
    const response = await fetch(`http://${http}${path}`, { method });
    return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
  };
}

test("503 until the pipelines run, then 200, then 503 again, with the Collector's body", async () => {
  const get = await start();
  const before = await get();
  assert.equal(before.status, 503);
  assert.deepEqual(JSON.parse(before.body), {
    status: 'Server not available',
    upSince: '0001-01-01T00:00:00Z',
    uptime: '',
  });
  check?.ready(true);
  const { status, body, type } = await get('/?probe=1');
  assert.deepEqual([status, type], [200, 'application/json']);
  const { status: text, upSince, uptime } = JSON.parse(body) as Record<string, string>;
  assert.equal(text, 'Server available');
  assert.ok(Date.parse(upSince ?? '') <= Date.now());
  assert.match(uptime ?? '', /^(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/);
  check?.ready(false);
  assert.equal((await get()).status, 503);
});

test('the path and the texts are what the configuration says', async () => {
  const get = await start({ path: '/health', response_body: { healthy: 'yes', unhealthy: 'no' } });
  assert.equal((await get()).status, 404);
  assert.equal((await get('/health')).body, 'no');
  check?.ready(true);
  assert.deepEqual(await get('/health'), { status: 200, body: 'yes', type: 'text/plain' });
  assert.deepEqual((await get('/health', 'HEAD')).body, '');
});

test('a port that is taken fails the start', async () => {
  await start();
  const { http } = check?.addresses() ?? {};
  const second = new HealthCheck(testSettings('health_check'), schema.parse({ endpoint: http }) as Config);
  await assert.rejects(second.start(), /EADDRINUSE/);
  await second.shutdown();
});
