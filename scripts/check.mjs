// `npm run check`: types, lint and format, import directions, generated files, file rules, sizes. Everything CI asks
// short of the tests.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkFiles, checkPackage, checkSizes } from './check/files.mjs';
import { checkImports } from './check/imports.mjs';
import { checkKernelBoundary } from './check/kernel-boundary.mjs';
import { checkWrapped } from './check/wrapped.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a program; its output is what is wrong. */
function program(command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return result.status === 0 ? [] : `${result.stdout}${result.stderr}`.trim().split('\n');
}

const node = (script, ...args) => program(process.execPath, [script, ...args]);

const checks = {
  types: () => node('node_modules/typescript/bin/tsc', '-p', '.', '--noEmit'),
  'lint and format': () =>
    node(
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      '--error-on-warnings',
      '--diagnostic-level=warn',
      '--max-diagnostics=100',
      '.',
    ),
  'import directions': () => checkImports(root),
  'kernel boundary, typed once': () => checkKernelBoundary(root),
  'generated: wire tags': () => node('scripts/generate-tags.mjs', '--check'),
  'generated: kernel boundary': () => node('scripts/generate-kernel.mjs', '--check'),
  'generated: configuration reference': () => node('scripts/generate-reference.mjs', '--check'),
  'generated: producers': () => node('scripts/generate-producers.mjs', '--check'),
  'generated: benchmarks': () => node('scripts/generate-benchmarks.mjs', '--check'),
  'generated: security': () => node('scripts/generate-security.mjs', '--check'),
  'generated: Pixie kit': () => node('deploy/pixie/generate.mjs', '--check'),
  'generated: Grafana dashboards': () => node('deploy/grafana/generate.mjs', '--check'),
  'comments and prose': () => checkWrapped(root),
  files: () => checkFiles(root),
  package: () => checkPackage(root),
  sizes: () => checkSizes(root),
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const begun = performance.now();
  const wrong = check();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  for (const line of wrong) console.log(`       ${line}`);
  if (wrong.length > 0) failed += 1;
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
