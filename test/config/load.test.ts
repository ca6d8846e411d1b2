// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like JavaScript's.
// The configuration language, from text to components, by what a user sees.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { GatewayConfig } from '../../src/config/gateway-config.js';
import { type ConfigSources, loadConfig, requireConfig } from '../../src/config/load.js';
import { ConfigError, formatProblem } from '../../src/config/problem.js';
import { type FakeConfig, makeFakes } from '../support/fakes.js';

const { factories } = makeFakes();
const directory = mkdtempSync(join(tmpdir(), 'pxanomaly-config-'));
after(() => rmSync(directory, { recursive: true }));

let files = 0;
/** Writes a file and returns its path. */
function file(text: string, name = `c${++files}.yaml`): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const PIPELINE = `
service:
  pipelines:
    metrics: { receivers: [fake], exporters: [fake] }
`;
const WHOLE = `receivers: { fake: }\nexporters: { fake: }\n${PIPELINE}`;

/** Loads texts as files; problems as the lines that a user sees, without the directory. */
function load(
  texts: string | string[],
  more: ConfigSources = {},
): { config: GatewayConfig | undefined; lines: string[] } {
  const uris = [texts].flat().map((text) => file(text, `${'abc'[[texts].flat().indexOf(text)]}.yaml`));
  const { config, problems } = loadConfig(factories, { env: {}, ...more, uris: [...uris, ...(more.uris ?? [])] });
  return { config, lines: problems.map((one) => formatProblem(one).replaceAll(`${directory}/`, '')) };
}

/** The configuration of the exporter `fake` in a file whose exporter section is `yaml`. */
function exporter(yaml: string, more: ConfigSources = {}): FakeConfig {
  const { config, lines } = load(
    `receivers: { fake: }\nexporters:\n  fake:\n${yaml.replace(/^/gm, '    ')}\n${PIPELINE}`,
    more,
  );
  assert.ok(config, lines.join('\n'));
  return config.components.exporter.get('fake')?.config as FakeConfig;
}

describe('a sound configuration', () => {
  it('gives components with their defaults, pipelines and telemetry', () => {
    const { config, lines } = load(WHOLE);
    assert.deepEqual(lines, []);
    const defaults = { label: 'plain', fail_start: false, shutdown_takes: 0, limits: { items: 10, wait: 5_000 } };
    assert.deepEqual(config?.components.receiver.get('fake')?.config, defaults);
    assert.deepEqual(config?.pipelines, [
      { key: 'metrics', signal: 'metrics', receivers: ['fake'], processors: [], exporters: ['fake'] },
    ]);
    assert.deepEqual(config?.telemetry.metrics, { level: 'normal', listen: [{ host: 'localhost', port: 8888 }] });
    assert.equal(config?.telemetry.logs.level, 'info');
  });

  it('takes a key without a value as its defaults', () => {
    assert.deepEqual(exporter('limits:\nlabel:').limits, { items: 10, wait: 5_000 });
  });

  it('reads durations, anchors and merge keys', () => {
    const config = exporter('limits: &l { wait: 1m30s }\nlabel: x');
    assert.equal(config.limits.wait, 90_000);
    const merged = load(`x: &x { label: y }`).lines;
    assert.match(merged[0] ?? '', /x: unknown section/);
    const anchored = load(
      `receivers: { fake: &f { label: y }, fake/b: { <<: *f, token: t } }\nexporters: { fake: }\n${PIPELINE}`,
    );
    const copy = anchored.config?.components.receiver.get('fake/b')?.config as FakeConfig | undefined;
    assert.equal(copy?.label, 'y');
  });

  it('accepts older names with a warning', () => {
    const { config, lines } = load(
      WHOLE.replaceAll(/exporters: \{ fake: \}|exporters: \[fake\]/g, (m) => m.replace('fake', 'old_fake/x')),
    );
    assert.deepEqual(lines, ['a.yaml:2: exporters::old_fake/x: "old_fake" is an older name: write "fake"']);
    assert.equal(config?.components.exporter.get('old_fake/x')?.factory.type, 'fake');
  });

  it('warns of what nothing uses', () => {
    const { config, lines } = load(`${WHOLE}\nprocessors: { fake/x: }\nextensions: { fake: }`);
    assert.ok(config);
    assert.deepEqual(lines, [
      'a.yaml:8: processors::fake/x: is not used: no pipeline names it',
      'a.yaml:9: extensions::fake: is not used: service::extensions does not name it',
    ]);
  });
});

describe('several sources', () => {
  it('join maps and replace everything else, later ones winning', () => {
    const second = `exporters: { fake: { limits: { items: 3 } } }\nservice: { pipelines: { metrics: { exporters: [fake, fake/b] } } }`;
    const third = `exporters: { fake/b: }`;
    const { config, lines } = load([
      WHOLE.replace('exporters: { fake: }', 'exporters: { fake: { label: a } }'),
      second,
      third,
    ]);
    assert.deepEqual(lines, []);
    assert.deepEqual(config?.pipelines[0]?.exporters, ['fake', 'fake/b']);
    const merged = config?.components.exporter.get('fake')?.config as FakeConfig;
    assert.deepEqual([merged.label, merged.limits.items], ['a', 3]);
  });

  it('--set wins, with dots or double colons, its value read as YAML', () => {
    const sets = [
      'exporters.fake.limits={items: 4, wait: 1s}',
      'exporters::fake::label=0123',
      'service.telemetry.logs.level=debug',
    ];
    const { config } = load(WHOLE, { sets });
    const merged = config?.components.exporter.get('fake')?.config as FakeConfig;
    assert.deepEqual(merged.limits, { items: 4, wait: 1_000 });
    assert.equal(merged.label, '0123');
    assert.equal(config?.telemetry.logs.level, 'debug');
  });

  it('may be a reference: env:, file:, yaml:', () => {
    const { config } = load(WHOLE, {
      uris: ['env:MORE', 'yaml:exporters: { fake: { limits: { items: 6 } } }'],
      env: { MORE: 'exporters: { fake: { label: e } }' },
    });
    const merged = config?.components.exporter.get('fake')?.config as FakeConfig;
    assert.deepEqual([merged.label, merged.limits.items], ['e', 6]);
  });

  it('may be an object', () => {
    const value = {
      receivers: { fake: {} },
      exporters: { fake: { label: 'o' } },
      service: { pipelines: { logs: { receivers: ['fake'], exporters: ['fake'] } } },
    };
    assert.equal(requireConfig(loadConfig(factories, { value })).pipelines[0]?.signal, 'logs');
  });
});

describe('substitution', () => {
  const env = {
    N: '7',
    ZEROS: '0123',
    TEXT: 'a: b',
    LIST: '[1, 2]',
    NESTED: '${env:N}',
    LOOP: '${env:LOOP}',
    NAME: 'N',
    MAP: '{ items: 8 }',
    ODD: 'p@$$w: {',
  };
  const values: readonly [string, Partial<FakeConfig> | { items: number }][] = [
    ['limits: { items: "${env:N}" }', { items: 7 }],
    ['limits: { items: "${N}" }', { items: 7 }],
    ['limits: { items: "${env:UNSET_ONE:-9}" }', { items: 9 }],
    ['limits: { items: "${UNSET_ONE:-9}" }', { items: 9 }],
    ['limits: { items: "${env:N:-9}" }', { items: 7 }],
    ['limits: { items: "${env:${env:NAME}}" }', { items: 7 }],
    ['limits: { items: "${env:NESTED}" }', { items: 7 }],
    ['limits: ${env:MAP}', { items: 8 }],
    ['label: ${env:ZEROS}', { label: '0123' }],
    ['label: ${env:N}', { label: '7' }],
    ['label: ${env:ODD}', { label: 'p@$$w: {' }],
    ['label: x-${env:ZEROS}-${env:N}', { label: 'x-0123-7' }],
    ['label: $${env:N}', { label: '${env:N}' }],
    ['label: $$$$', { label: '$$' }],
    ['label: a$N', { label: 'a$N' }],
    ['label: "${env:"', { label: '${env:' }],
    ['label: "${env:LIST}"', { label: '[1, 2]' }],
    ['label: "${env:TEXT}!"', { label: 'a: b!' }],
    ['fail_start: ${env:UNSET_ONE:-true}', { fail_start: true }],
    ['token: ${yaml:0x10}', { token: '0x10' }],
  ];
  for (const [yaml, expected] of values) {
    it(yaml, () => {
      const config = exporter(yaml, { env });
      assert.deepEqual({ ...config, ...config.limits, ...expected }, { ...config, ...config.limits });
    });
  }

  it('reads files, whose last line end is no part of a text', () => {
    assert.equal(exporter(`token: \${file:${file('s3cret\n')}}`).token, 's3cret');
    assert.equal(exporter(`limits: \${file:${file('items: 5\n')}}`).limits.items, 5);
  });

  it('an unset variable is an empty value and a warning', () => {
    const { config, lines } = load(
      WHOLE.replace('exporters: { fake: }', 'exporters: { fake: { label: "${env:NO}", limits: { items: "${NO}" } } }'),
    );
    const merged = config?.components.exporter.get('fake')?.config as FakeConfig;
    assert.deepEqual([merged.label, merged.limits.items], ['', 10]);
    assert.deepEqual(lines, [
      'a.yaml:2: exporters::fake::label: environment variable NO is not set; an empty value stands in',
      'a.yaml:2: exporters::fake::limits::items: environment variable NO is not set; an empty value stands in',
    ]);
  });

  const bad: readonly [string, RegExp][] = [
    ['label: ${env:LOOP}', /label: \$\{env:LOOP\} refers to itself/],
    ['label: ${env:9X}', /"9X" is no name of an environment variable/],
    ['label: ${vault:x}', /"vault:" is no source of a configuration: env, file, yaml are/],
    ['label: ${file:/no/such/file}', /\/no\/such\/file cannot be read: there is no such file/],
  ];
  for (const [yaml, message] of bad) {
    it(`${yaml} is an error`, () => {
      const { config, lines } = load(`exporters:\n  fake:\n    ${yaml}\n`, { env });
      assert.equal(config, undefined);
      assert.match(lines.join('\n'), message);
      assert.match(lines[0] ?? '', /^a\.yaml:3: /);
    });
  }
});

describe('errors', () => {
  const component = (yaml: string): string =>
    `receivers: { fake: }\nexporters:\n  fake:\n${yaml.replace(/^/gm, '    ')}\n${PIPELINE}`;
  const cases: readonly [string, string, string[]][] = [
    [
      'an unknown key, with the nearest',
      component('lable: x'),
      ['a.yaml:4: exporters::fake::lable: unknown key; did you mean "label"?'],
    ],
    [
      'an unknown key deeper down',
      component('limits:\n  itmes: 1'),
      ['a.yaml:5: exporters::fake::limits::itmes: unknown key; did you mean "items"?'],
    ],
    [
      'an unknown key like no other',
      component('limits:\n  qqqqqq: 1'),
      ['a.yaml:5: exporters::fake::limits::qqqqqq: unknown key; valid here: items, wait'],
    ],
    [
      'a wrong type',
      component('fail_start: "yes"'),
      ['a.yaml:4: exporters::fake::fail_start: expected true or false, got "yes"'],
    ],
    [
      'a number where a text is wanted',
      component('label: 5'),
      ['a.yaml:4: exporters::fake::label: expected a text, got 5'],
    ],
    [
      'a number out of range',
      component('limits: { items: 0 }'),
      ['a.yaml:4: exporters::fake::limits::items: too small: expected number to be >=1, got 0'],
    ],
    [
      'a bad duration',
      component('limits: { wait: soon }'),
      ['a.yaml:4: exporters::fake::limits::wait: expected a duration such as "30s" or "1m30s", got "soon"'],
    ],
    ['a list for a map', component('limits: [1]'), ['a.yaml:4: exporters::fake::limits: expected a map, got a list']],
    [
      'a bad level',
      `${WHOLE}  telemetry: { logs: { level: verbose } }`,
      ['a.yaml:7: service::telemetry::logs::level: must be one of debug, info, warn, error, not "verbose"'],
    ],
    [
      'an unknown section',
      `${WHOLE}\nexporter: {}`,
      ['a.yaml:8: exporter: unknown section; did you mean "exporters"?'],
    ],
    [
      'an unknown type',
      WHOLE.replace('exporters: { fake: }', 'exporters: { fake: , fkae: }'),
      ['a.yaml:2: exporters::fkae: there is no exporter of type "fkae"; did you mean "fake"?'],
    ],
    [
      'a bad id',
      WHOLE.replace('exporters: { fake: }', 'exporters: { fake: , "fake/a b": }'),
      [
        'a.yaml:2: exporters::fake/a b: "fake/a b" is no id: a name after "/" has no blanks, control characters or symbols',
      ],
    ],
    [
      'an undefined reference',
      WHOLE.replace('exporters: [fake]', 'exporters: [fake, fake/2]'),
      [
        'a.yaml:6: service::pipelines::metrics::exporters::1: "fake/2" is not defined under exporters or connectors; did you mean "fake"?',
      ],
    ],
    [
      'the same twice',
      WHOLE.replace('exporters: [fake]', 'exporters: [fake, fake]'),
      ['a.yaml:6: service::pipelines::metrics::exporters::1: "fake" stands twice in this list'],
    ],
    [
      'no receivers',
      WHOLE.replace('receivers: [fake], ', ''),
      ['a.yaml:6: service::pipelines::metrics::receivers: is required'],
    ],
    [
      'an unknown signal',
      WHOLE.replace('metrics:', 'metricks:'),
      [
        'a.yaml:6: service::pipelines::metricks: "metricks" is no signal of a pipeline: metrics, traces, logs are',
        'a.yaml:1: receivers::fake: is not used: no pipeline names it',
        'a.yaml:2: exporters::fake: is not used: no pipeline names it',
      ],
    ],
    [
      'a component without that signal',
      WHOLE.replace('exporters: { fake: }', 'exporters: { logs_only: }').replace(
        'exporters: [fake]',
        'exporters: [logs_only]',
      ),
      [
        'a.yaml:6: service::pipelines::metrics::exporters::0: "logs_only" cannot stand in a pipeline of metrics, only of logs',
      ],
    ],
    [
      'a connector that nobody reads',
      `connectors: { bridge: }\n${WHOLE.replace('exporters: [fake]', 'exporters: [fake, bridge]')}`,
      ['a.yaml:1: connectors::bridge: some pipeline exports to it, but none has it among its receivers'],
    ],
    [
      'a connector with the id of an exporter',
      `connectors: { fake: }\n${WHOLE}`,
      [
        'a.yaml:1: connectors::fake: a receiver or an exporter has the same id: pipelines could mean either',
        'a.yaml:6: service::pipelines: connectors form a circle: metrics → metrics',
      ],
    ],
    [
      'a circle',
      `connectors: { bridge: }\n${WHOLE.replace('[fake], exporters: [fake]', '[fake, bridge], exporters: [fake, bridge]')}`,
      ['a.yaml:6: service::pipelines: connectors form a circle: metrics → metrics'],
    ],
    [
      'an extension that is not there',
      `${WHOLE}  extensions: [fake]`,
      ['a.yaml:7: service::extensions::0: "fake" is not defined under extensions'],
    ],
    [
      'no pipelines',
      'service: { pipelines: {} }',
      ['a.yaml:1: service::pipelines: there must be at least one pipeline'],
    ],
    ['nothing', '', ['service::pipelines: is required']],
    [
      'broken YAML',
      'receivers: [\nservice: {',
      ['a.yaml:2: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['a key twice', 'receivers: {}\nreceivers: {}', ['a.yaml:2: not valid YAML: Map keys must be unique']],
    ['a text', 'hello', ['a.yaml holds no map of sections']],
    [
      'two addresses of our metrics',
      `${WHOLE}  telemetry: { metrics: { address: "a:1", readers: [] } }`,
      ['a.yaml:7: service::telemetry::metrics: give either address or readers'],
    ],
  ];
  for (const [name, yaml, expected] of cases) {
    it(name, () => {
      const { config, lines } = load(yaml);
      assert.equal(config, undefined);
      for (const line of expected) assert.ok(lines.includes(line), `${line}\nis not among\n${lines.join('\n')}`);
      assert.equal(lines.length, expected.length, lines.join('\n'));
    });
  }

  it('come all at once, in one error', () => {
    const yaml = `receivers: { fake: { lable: x }, fkae: }\nexporters: { fake: { limits: { items: a } } }\n${PIPELINE}`;
    const loaded = loadConfig(factories, { uris: [file(yaml)] });
    assert.throws(
      () => requireConfig(loaded),
      (error: unknown) =>
        error instanceof ConfigError && error.problems.length === 3 && error.message.split('\n').length === 4,
    );
  });

  it('say what to write where a Collector no longer takes a key', () => {
    const { config, lines } = load(`${WHOLE}  telemetry: { metrics: { address: "0.0.0.0:8889" } }`);
    assert.deepEqual(config?.telemetry.metrics.listen, [{ host: '0.0.0.0', port: 8889 }]);
    assert.deepEqual(lines, [
      'a.yaml:7: service::telemetry::metrics::address: is an older key, which a Collector no longer takes: write ' +
        'readers: [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: 8889 } } } }]',
    ]);
    const written = lines[0]?.slice(lines[0].indexOf('readers:')) ?? '';
    const again = load(`${WHOLE}  telemetry: { metrics: { ${written} } }`);
    assert.deepEqual(again.lines, []);
    assert.deepEqual(again.config?.telemetry.metrics, config?.telemetry.metrics);
  });

  it('say what to do in the image, where no configuration was mounted', () => {
    const [line = ''] = load([], { uris: ['/etc/pxanomaly/config.yaml'] }).lines;
    assert.match(
      line,
      /there is no such file; mount one there: .*init --output - > pxanomaly\.yaml.* -v "\$PWD\/pxanomaly\.yaml:/,
    );
    assert.match(load([], { uris: ['/no/such.yaml'] }).lines[0] ?? '', /no such file; npx pxanomaly init writes one/);
    assert.match(load([], { uris: [directory] }).lines[0] ?? '', /it is a directory: a container engine makes one/);
  });

  it('name a file that is not there, and a --set that is none', () => {
    assert.match(
      load([], { uris: ['/no/such.yaml'] }).lines[0] ?? '',
      /^\/no\/such\.yaml cannot be read: there is no such file/,
    );
    assert.deepEqual(load(WHOLE, { sets: ['nonsense'] }).lines, ['--set nonsense: expected key=value']);
    assert.deepEqual(load(WHOLE, { sets: ['exporters.fake.lable=x'] }).lines, [
      '--set exporters.fake.lable=x: exporters::fake::lable: unknown key; did you mean "label"?',
    ]);
  });
});
