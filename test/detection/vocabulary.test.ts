// Names of our metrics, events and attributes stand in one place, and what goes out is what is documented.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testBatch } from '../../src/detection/results/test-events.js';
import {
  ATTRIBUTES,
  type AttributeDefinition,
  type AttributeKey,
  Key,
} from '../../src/detection/vocabulary/attributes.js';
import { anomalyEvent, EVENTS, type EventDefinition } from '../../src/detection/vocabulary/events.js';
import { anomalyMetric, METRICS } from '../../src/detection/vocabulary/metrics.js';
import { ExportLogsServiceRequest } from '../../src/otlp/index.js';
import { ROOT } from '../support/paths.js';

const definitions: readonly AttributeDefinition[] = Object.values(ATTRIBUTES);
const OURS = /(['"`])((?:px\.anomaly|anomaly|incident)\.[\w.]*)/g;

function code(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '');
}

function sources(): string[] {
  const names = readdirSync(join(ROOT, 'src'), { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.ts') && !name.replaceAll('\\', '/').includes('detection/vocabulary/'));
}

test('no name of a metric, event or attribute of ours is a literal outside of detection/vocabulary', () => {
  const found = sources().flatMap((name) =>
    [...code(join(ROOT, 'src', name)).matchAll(OURS)].map(([, quote, text]) => ({ name, quote, text })),
  );
  // Descriptions of settings name them between backquotes, inside of a text.
  const literals = found.filter(({ name, quote }) => !(quote === '`' && name.endsWith('schema.ts')));
  assert.deepEqual(literals, []);
});

test('names are given once, and every attribute is part of a metric, an event or a forwarded point', () => {
  const names = definitions.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  const used = new Set<AttributeKey>([
    ...[...Object.values(METRICS), anomalyMetric('x'), ...Object.values(EVENTS), anomalyEvent('x')].flatMap(
      ({ attributes }) => [...attributes],
    ),
    'isolationScore',
    'isAnomaly',
  ]);
  assert.deepEqual(
    (Object.keys(ATTRIBUTES) as AttributeKey[]).filter((key) => !used.has(key)),
    [],
  );
});

function keysIn(file: string): AttributeKey[] {
  const text = code(join(ROOT, 'src/detection/results', file));
  return [...new Set([...text.matchAll(/\bKey\.(\w+)/g)].map(([, key]) => key as AttributeKey))];
}

test('what the makers of events write is what their definitions list', () => {
  const silence: readonly AttributeKey[] = EVENTS.senderSilent.attributes;
  const ofEdges = keysIn('edge-events.ts');
  const listed = new Set([...anomalyEvent('x').attributes, ...silence]);
  assert.deepEqual(
    ofEdges.filter((key) => !listed.has(key)),
    [],
  );
  const incident: ReadonlySet<AttributeKey> = new Set(EVENTS.incident.attributes);
  const written = new Set(keysIn('incident-events.ts'));
  assert.deepEqual(
    [...written].filter((key) => !incident.has(key)),
    [],
  );
  // Only a test event has the mark of one.
  assert.deepEqual(
    [...incident].filter((key) => !written.has(key)),
    ['test'],
  );
});

test('attributes go out with the types that they are defined with', () => {
  const made = {
    clusterId: 'c',
    source: { namespace: 'shop', name: 'a' },
    destination: { namespace: 'shop', name: 'b' },
    kind: 'latency_spike',
    incident: 'i',
    startedMs: 0,
  };
  const own = { resource: { attributes: {} }, scope: { name: 'pxanomaly', version: '' } };
  const { events } = testBatch(made, 'started', own, 60_000);
  assert.ok(events);
  const records = ExportLogsServiceRequest.decode(events.body).resourceLogs[0]?.scopeLogs?.[0]?.logRecords ?? [];
  const [edge, incident] = records;
  assert.equal(records.length, 2);
  for (const [record, definition] of [
    [edge, anomalyEvent('latency_spike')],
    [incident, EVENTS.incident],
  ] as const) {
    check(record?.eventName, record?.severityText, definition);
    for (const { key, value } of record?.attributes ?? []) {
      const known = definition.attributes.find((each) => Key[each] === key);
      assert.ok(known, `${key} is not listed for ${definition.name}`);
      assert.equal(typeOf(value), ATTRIBUTES[known].type, key ?? '');
    }
  }
});

function check(name: string | null | undefined, severity: string | null | undefined, of: EventDefinition): void {
  assert.equal(name, of.name);
  assert.equal(severity, of.severity);
}

function typeOf(value: object | null | undefined): string | undefined {
  const types = {
    stringValue: 'string',
    doubleValue: 'double',
    intValue: 'int',
    boolValue: 'boolean',
    arrayValue: 'string[]',
  } as const;
  const set = Object.keys(types) as (keyof typeof types)[];
  const found = set.find((kind) => Object.hasOwn(value ?? {}, kind));
  return found && types[found];
}
