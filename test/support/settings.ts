// The host of a component under test: settings with a registry of their own and a silent log.
import type { Settings } from '../../src/config/settings.js';
import { createTelemetry } from '../../src/telemetry/index.js';
import { testLedger } from './ledger.js';

/** Settings of component `type` (or `type/name`), with what a test sets differently. */
export function testSettings(id: string, differently: Partial<Settings> = {}): Settings {
  const [type = '', name = ''] = id.split('/', 2);
  return {
    id: { type, name },
    telemetry: createTelemetry(),
    version: '0.0.0-test',
    instanceId: 'test-instance',
    resource: { 'service.name': 'pxanomaly', 'service.version': '0.0.0-test', 'service.instance.id': 'test-instance' },
    ledger: testLedger(),
    extension: () => undefined,
    ...differently,
  };
}
