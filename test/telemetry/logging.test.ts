import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatConsole } from '../../src/telemetry/console-format.js';
import { createLogging, type LoggingConfig } from '../../src/telemetry/logging.js';

const directory = mkdtempSync(join(tmpdir(), 'pxanomaly-log-'));
after(() => rmSync(directory, { recursive: true }));

const RESOURCE = { 'service.name': 'pxanomaly' };

function config(more: Partial<LoggingConfig> & { file: string }): LoggingConfig {
  const { file, ...rest } = more;
  return { level: 'info', encoding: 'json', output_paths: [join(directory, file)], initial_fields: {}, ...rest };
}

const lines = (file: string): string[] => readFileSync(join(directory, file), 'utf8').split('\n').slice(0, -1);

test('JSON lines carry time, level, resource and the initial fields', () => {
  const logging = createLogging(config({ file: 'a', initial_fields: { team: 'shop' } }), RESOURCE);
  logging.log.child({ component: 'otlp', kind: 'receiver' }).warn({ n: 1 }, 'hello');
  logging.log.debug('not at this level');
  logging.close();
  const [line = '', ...more] = lines('a');
  assert.deepEqual(more, []);
  const { ts, ...rest } = JSON.parse(line) as Record<string, unknown>;
  assert.ok(Math.abs(Date.parse(String(ts)) - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    level: 'warn',
    resource: RESOURCE,
    team: 'shop',
    component: 'otlp',
    kind: 'receiver',
    n: 1,
    msg: 'hello',
  });
});

test('every output gets every line', () => {
  const paths = ['b', 'c'].map((name) => join(directory, name));
  const logging = createLogging({ ...config({ file: 'b' }), output_paths: paths }, RESOURCE);
  logging.log.info('both');
  logging.close();
  assert.deepEqual(lines('b'), lines('c'));
  assert.equal(lines('b').length, 1);
  for (const path of paths) assert.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
});

test('level, encoding and files can be replaced, for loggers that are in use as well', () => {
  const logging = createLogging(config({ file: 'd' }), RESOURCE);
  const child = logging.log.child({ component: 'anomaly' }).child({ n: 1 });
  child.debug('too low');
  logging.configure(config({ file: 'e', level: 'debug', encoding: 'console' }));
  child.debug('now it is written');
  logging.configure(config({ file: 'e', level: 'error', encoding: 'console' }));
  child.warn('too low again');
  logging.close();
  assert.deepEqual(lines('d'), []);
  assert.deepEqual(
    lines('e').map((line) => line.slice(25)),
    ['debug [anomaly] now it is written n=1'],
  );
});

test('an output that cannot be opened changes nothing', () => {
  const logging = createLogging(config({ file: 'f' }), RESOURCE);
  assert.throws(() => logging.configure(config({ file: 'no/such/folder/x' })), /ENOENT/);
  logging.log.info('still here');
  logging.close();
  assert.equal(lines('f').length, 1);
  assert.throws(() => createLogging(config({ file: 'no/such/folder/x' }), RESOURCE), /ENOENT/);
});

const TS = '2026-01-02T03:04:05.678Z';
const CONSOLE: readonly [string, object, string][] = [
  ['a plain line', { level: 'info', ts: TS, msg: 'ready' }, `${TS} info  ready\n`],
  [
    'a component and fields',
    { level: 'warn', ts: TS, kind: 'exporter', component: 'otlp_grpc/a', n: 1, text: 'a b', list: [1], msg: 'm' },
    `${TS} warn  [exporter/otlp_grpc/a] m n=1 text="a b" list=[1]\n`,
  ],
  [
    'an error without its stack',
    { level: 'error', ts: TS, err: { message: 'no room', stack: 'Error\n  at x' }, msg: 'm' },
    `${TS} error m error="no room"\n`,
  ],
  [
    'an unexpected error with it',
    { level: 'fatal', ts: TS, err: { message: 'bug', stack: 'Error: bug\n  at x' }, msg: 'm' },
    `${TS} fatal m error=bug\n    Error: bug\n      at x\n`,
  ],
];
for (const [name, record, text] of CONSOLE) {
  test(`for people: ${name}`, () => assert.equal(formatConsole(JSON.stringify(record), false), text));
}

test('for people: colour only where it is wanted, and what is no record as it is', () => {
  const json = JSON.stringify({ level: 'info', ts: TS, msg: 'm' });
  assert.ok(formatConsole(json, true).includes('\u001b[36minfo \u001b[0m'));
  assert.ok(!formatConsole(json, false).includes('\u001b'));
  assert.equal(formatConsole('not json\n', true), 'not json\n');
});
