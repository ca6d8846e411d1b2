// The two commands on a fresh clone: installs what is missing, builds what is out of date, then runs the task.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [task = 'build', ...rest] = process.argv.slice(2);

const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && (minor < 18 || (minor === 18 && patch < 1)))) {
  console.error(`pxanomaly needs Node 20.18.1 or later; this is ${process.version}`);
  process.exit(1);
}

const lock = readFileSync(join(root, 'package-lock.json'));
const marker = join(root, 'node_modules/.installed-from');

/** The marker is written after a finished install: it holds the lock file that was installed from. */
function installed() {
  return existsSync(marker) && readFileSync(marker).equals(lock);
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.signal) process.kill(process.pid, result.signal);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

if (!installed()) {
  run('npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(marker, lock);
}
const { build } = await import('./build.mjs');
build();

const tasks = {
  build: () => {},
  start: () => run(process.execPath, ['bin/pxanomaly', 'demo', ...rest]),
  test: () => run(process.execPath, ['scripts/test.mjs', ...rest]),
  check: () => run(process.execPath, ['scripts/check.mjs', ...rest]),
  // The queue on disk under kill -9, 200 rounds each (PXANOMALY_CHAOS_ROUNDS); CI runs 20.
  chaos: () => {
    process.env.PXANOMALY_CHAOS_ROUNDS ??= '200';
    run(process.execPath, ['scripts/test.mjs', 'chaos/persistent', ...rest]);
  },
  // Half an hour at half the highest rate, and docs/soak.md of it (PXANOMALY_SOAK_SECONDS for another time).
  soak: () => {
    process.env.PXANOMALY_SOAK_SECONDS ??= '1800';
    process.env.PXANOMALY_RECORD ??= '1';
    run(process.execPath, ['scripts/test.mjs', 'chaos/long-soak', ...rest]);
  },
  fuzz: () => run(process.execPath, ['build/js/fuzz/run.js', ...rest]),
  bench: () => run(process.execPath, ['build/js/bench/run.js', ...rest]),
  pictures: () => run(process.execPath, ['build/js/bench/pictures/run.js']),
  quality: () => run(process.execPath, ['build/js/bench/quality/run.js', ...rest]),
  // What the pages of docs/tasks promise: Pixie kit, settings, Collector recipes, Kubernetes, Prometheus and Grafana,
  // the package.
  'test:deploy': () =>
    run(process.execPath, [
      'scripts/test.mjs',
      'deploy/',
      'peers/recipes',
      'peers/load-balancing',
      'commands/',
      'docs/',
      ...rest,
    ]),
  'bench:peers': () => run(process.execPath, ['build/js/bench/peers/run.js', ...rest]),
};
if (!tasks[task]) {
  const known = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
  console.error(`unknown task ${task}; known: ${Object.keys(known).join(', ')}`);
  process.exit(1);
}
tasks[task]();
