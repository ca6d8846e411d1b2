// The npm package as a stranger gets it: packed, installed into an empty folder without running any script, and used.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { before, describe, test } from 'node:test';
import { ROOT } from '../support/paths.js';
import { eventually } from '../support/peers/processes.js';
import { httpSender } from '../support/peers/senders.js';
import { shopRequest } from '../support/shop.js';

/** The current LTS. */
const LTS = 24;
/** What docs/tasks/library.md states; bytes. */
const PACKED_LIMIT = 1024 * 1024;
const UNPACKED_LIMIT = 4 * 1024 * 1024;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const work = mkdtempSync(join(tmpdir(), 'pxanomaly-package-'));
const empty = join(work, 'empty');
const run = (command: string, args: readonly string[], cwd = empty): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The binary of the LTS comes from npm, as in .ci/suites; undefined where this machine has none. */
function ltsNode(): string | undefined {
  const arch = { x64: 'x64', arm64: 'arm64' }[process.arch as string];
  if (process.platform !== 'linux' || !arch) return undefined;
  const home = join(process.env.PXANOMALY_CACHE ?? join(homedir(), '.cache/pxanomaly'), `node-${LTS}`);
  const node = join(home, `node_modules/node-linux-${arch}/bin/node`);
  if (!existsSync(node)) {
    mkdirSync(home, { recursive: true });
    run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', home, `node-linux-${arch}@${LTS}`],
      home,
    );
  }
  return node;
}

const CONFIG = `receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } }
processors: { anomaly: }
connectors: { anomaly_events: }
exporters: { file: { path: out.jsonl } }
service:
  telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: 0 } } } }] }, logs: { encoding: json } }
  pipelines:
    metrics: { receivers: [otlp], processors: [anomaly], exporters: [file, anomaly_events] }
    logs: { receivers: [anomaly_events], exporters: [file] }
`;

const CONSUMER = `import { createGateway, type Gateway, type GatewayInput, VERSION } from 'pxanomaly';

const config: GatewayInput = {
  receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:0' } } } },
  exporters: { debug: {} },
  service: { telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } }, pipelines: { metrics: { receivers: ['otlp'], exporters: ['debug'] } } },
};
const gateway: Gateway = createGateway(config);
await gateway.start();
const address: string | undefined = gateway.addresses()['receivers::otlp']?.grpc;
const leftovers = await gateway.shutdown();
console.log(JSON.stringify({ version: VERSION, address, leftovers }));
`;

const WRONG = `import { createGateway } from 'pxanomaly';
createGateway({ service: { pipelines: { metrics: { receivers: 'otlp', exporters: ['debug'] } } } });
`;

/** The version from which on a range holds for good: that of its last `>=`. */
function leastNode(range: string): number[] {
  const [, major = 0, minor = 0, patch = 0] = [...range.matchAll(/>= ?(\d+)(?:\.(\d+))?(?:\.(\d+))?/g)].at(-1) ?? [];
  return [major, minor, patch].map(Number);
}

function atLeast(version: readonly number[], least: readonly number[]): boolean {
  const differs = version.findIndex((part, i) => part !== least[i]);
  return differs < 0 || version[differs]! > least[differs]!;
}

let packed: Packed;
let installed = '';

before(() => {
  mkdirSync(empty);
  const [one] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], ROOT));
  packed = one as Packed;
  writeFileSync(join(empty, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  // Without scripts nothing can be compiled, downloaded or patched on the way.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const arguments_ = ['install', ...options, '--engine-strict', join(work, packed.filename)];
  const { status, stdout, stderr } = spawnSync('npm', arguments_, { cwd: empty, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  installed = stdout + stderr;
});

describe('what is in it', () => {
  test('the program, and none of the tests, sources or maps', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const needed of [
      'bin/pxanomaly',
      'build/kernel.wasm',
      'build/js/src/main.js',
      'build/js/src/index.d.ts',
      'README.md',
      'LICENSE',
    ])
      assert.ok(paths.includes(needed), needed);
    assert.ok(paths.includes('src/receivers/otlp/README.md'), 'the READMEs that the documentation links to');
    const unwanted = paths.filter((path) => /(^|\/)(test|bench)\/|\.map$|^src\/.*\.ts$|\.tsbuildinfo$/.test(path));
    assert.deepEqual(unwanted, []);
  });

  test('it installs without a warning about engines, and asks for all that its dependencies ask for', () => {
    assert.doesNotMatch(installed, /EBADENGINE|warn/i);
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
    const least = leastNode(manifest.engines.node);
    const folders = readdirSync(join(empty, 'node_modules'), { recursive: true }).map(String);
    const manifests = folders.filter((path) => /(^|\/)(@[^/]+\/)?[^/@]+\/package\.json$/.test(path));
    for (const path of manifests) {
      const { name, engines } = JSON.parse(readFileSync(join(empty, 'node_modules', path), 'utf8'));
      if (name && engines?.node) assert.ok(atLeast(least, leastNode(engines.node)), `${name} asks for ${engines.node}`);
    }
    assert.ok(manifests.length > 30, `${manifests.length} packages`);
    const page = readFileSync(join(ROOT, 'docs/tasks/install.md'), 'utf8');
    assert.ok(page.includes(`Node ${least.join('.')} or later`));
  });

  test('the way of `init pixie` and the links of the documentation lead to files that are there', () => {
    for (const path of [
      'cron/http-edges.yaml',
      'cron/connection-edges.yaml',
      'scripts/http-edges.pxl',
      'backfill/backfill.sh',
    ])
      assert.ok(statSync(join(empty, 'node_modules/pxanomaly/deploy/pixie', path)).isFile(), path);
    assert.ok(statSync(join(empty, 'node_modules/pxanomaly/deploy/helm/pxanomaly/Chart.yaml')).isFile());
    const root = join(empty, 'node_modules/pxanomaly');
    const pages = packed.files.map(({ path }) => path).filter((path) => /^(docs\/.*|README)\.md$/.test(path));
    const broken = pages.flatMap((page) =>
      [
        ...readFileSync(join(root, page), 'utf8')
          .replace(/```[\s\S]*?```/g, '')
          .matchAll(/\]\(([^)\s#:]+)(?:#[^)]*)?\)/g),
      ]
        .map(([, target = '']) => join(root, dirname(page), target))
        .filter((target) => !existsSync(target))
        .map((target) => `${page}: ${relative(root, target)}`),
    );
    assert.deepEqual(broken, []);
  });

  test('its size stays what the documentation says', (t) => {
    t.diagnostic(
      `${(packed.size / 1024).toFixed(0)} KiB packed, ${(packed.unpackedSize / 1024 / 1024).toFixed(1)} MiB unpacked`,
    );
    assert.ok(packed.size < PACKED_LIMIT, `${packed.size} bytes packed`);
    assert.ok(packed.unpackedSize < UNPACKED_LIMIT, `${packed.unpackedSize} bytes unpacked`);
  });

  test('nothing to compile: no native code in anything that was installed', () => {
    const all = readdirSync(join(empty, 'node_modules'), { recursive: true }).map(String);
    const native = all.filter((path) => /\.node$|(^|\/)binding\.gyp$/.test(path));
    assert.deepEqual(native, []);
  });

  test('the manifest is ready to be published with provenance', () => {
    const manifest = JSON.parse(readFileSync(join(empty, 'node_modules/pxanomaly/package.json'), 'utf8'));
    assert.equal(manifest.publishConfig.provenance, true);
    assert.match(manifest.repository.url, /^git\+https:\/\//);
    assert.ok(manifest.keywords.length > 0 && manifest.license && manifest.sideEffects);
    assert.equal(typeof manifest.scripts.prepack, 'string');
    for (const path of [manifest.exports['.'].types, manifest.exports['.'].default, manifest.bin.pxanomaly])
      assert.ok(statSync(join(empty, 'node_modules/pxanomaly', path)).isFile(), path);
  });
});

const lts = ltsNode();
const nodes = [
  { title: `Node ${process.versions.node}`, node: process.execPath, skip: false },
  { title: `the current LTS (${LTS})`, node: lts ?? '', skip: lts ? false : `no Node ${LTS} for this machine` },
];

for (const { title, node, skip } of nodes) {
  describe(`on ${title}`, { skip }, () => {
    const bin = join(empty, 'node_modules/.bin/pxanomaly');
    const program = (...args: string[]) => spawnSync(node, [bin, ...args], { cwd: empty, encoding: 'utf8' });

    test('--version, init and validate', () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
      assert.equal(program('--version').stdout, `pxanomaly ${version}\n`);
      const written = program('init', 'collector', '--force');
      assert.equal(written.status, 0, written.stderr);
      assert.equal(program('validate', '--config', 'pxanomaly.yaml').status, 0);
    });

    test('--config serves, takes a request, forwards it and ends cleanly', async () => {
      writeFileSync(join(empty, 'config.yaml'), CONFIG);
      const child = spawn(node, [bin, '--config', 'config.yaml'], { cwd: empty, stdio: ['ignore', 'ignore', 'pipe'] });
      let log = '';
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk;
      });
      try {
        const listening = () => /"address":"127\.0\.0\.1:(\d+)"[^\n]*Receiving OTLP \(http\)/.exec(log)?.[1];
        await eventually(() => listening() !== undefined && /"msg":"ready"/.test(log), 20_000, log);
        await httpSender(Number(listening())).send('metrics', shopRequest(0));
      } finally {
        child.kill('SIGTERM');
      }
      const [code] = await once(child, 'exit');
      assert.equal(code, 0, log);
      assert.match(readFileSync(join(empty, 'out.jsonl'), 'utf8'), /http\.edge\.latency/);
    });

    test('createGateway as a library', () => {
      writeFileSync(
        join(empty, 'consumer.mjs'),
        CONSUMER.replace(', type Gateway, type GatewayInput', '').replaceAll(
          /: (GatewayInput|Gateway|string \| undefined)\b/g,
          '',
        ),
      );
      const { status, stdout, stderr } = spawnSync(node, ['consumer.mjs'], { cwd: empty, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      const said = JSON.parse(stdout);
      assert.match(said.address, /^127\.0\.0\.1:\d+$/);
      assert.deepEqual(said.leftovers, []);
    });
  });
}

test('npx finds it', () => {
  assert.match(run('npx', ['--no-install', 'pxanomaly', '--version']), /^pxanomaly \d+\.\d+\.\d+/);
});

describe('types', () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const check = (file: string, text: string) => {
    writeFileSync(join(empty, file), text);
    const types = join(ROOT, 'node_modules/@types');
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2022',
      '--module',
      'nodenext',
    ];
    const libraries = ['--typeRoots', types, '--types', 'node', '--skipLibCheck'];
    return spawnSync(process.execPath, [tsc, ...options, ...libraries, file], { cwd: empty, encoding: 'utf8' });
  };

  test('a program that uses the gateway compiles', () => {
    const { status, stdout } = check('consumer.ts', CONSUMER);
    assert.equal(status, 0, stdout);
  });

  test('a wrong configuration does not', () => {
    const { status, stdout } = check('wrong.ts', WRONG);
    assert.notEqual(status, 0);
    assert.match(stdout, /wrong\.ts\(2,\d+\): error TS2322/);
  });
});
