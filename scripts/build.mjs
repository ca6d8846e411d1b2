// Builds everything under build/: protocol code and tags from proto/, the kernel from assembly/, the JavaScript from
// src/. Each step runs only when one of its inputs is newer than its output, so a second call costs a fraction of a
// second.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Newest modification time below the paths, in ms, of folders too: what is gone is a change. 0 where there is none. */
function newest(...paths) {
  let last = 0;
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) continue;
    const stat = statSync(full);
    last = Math.max(last, stat.mtimeMs);
    if (stat.isDirectory()) for (const entry of readdirSync(full)) last = Math.max(last, newest(join(path, entry)));
  }
  return last;
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`build: ${command} ${args.join(' ')} failed`);
    process.exit(result.status ?? 1);
  }
}

function step(name, inputs, outputs, make) {
  const oldest = Math.min(...outputs.map((output) => newest(output)));
  if (oldest > 0 && oldest >= newest(...inputs, 'package-lock.json')) return;
  console.error(`build: ${name}`);
  make();
}

/** Takes away what was compiled of sources that are gone: tests would run, and the package would hold it. */
function prune(source) {
  const compiled = join(root, 'build/js', source);
  if (!existsSync(compiled)) return;
  for (const entry of readdirSync(compiled, { withFileTypes: true })) {
    const path = join(source, entry.name);
    if (entry.isDirectory() && existsSync(join(root, path))) prune(path);
    else if (entry.isDirectory() || !existsSync(join(root, path.replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts'))))
      rmSync(join(root, 'build/js', path), { recursive: true });
  }
}

/** Builds what is out of date. */
export function build() {
  mkdirSync(join(root, 'build/proto'), { recursive: true });
  step(
    'protocol code',
    ['proto', 'scripts/generate-proto.mjs'],
    ['build/proto/otlp.js', 'build/proto/otlp.d.ts', 'build/proto/fields.js'],
    () => run(process.execPath, ['scripts/generate-proto.mjs']),
  );
  step('tags', ['proto', 'scripts/generate-tags.mjs'], ['build/proto/.tags'], () => {
    run(process.execPath, ['scripts/generate-tags.mjs']);
    writeFileSync(join(root, 'build/proto/.tags'), '');
  });
  step('kernel', ['assembly', 'asconfig.json', 'scripts/generate-kernel.mjs'], ['build/kernel.wasm'], () => {
    run(process.execPath, ['scripts/generate-kernel.mjs']);
    run(process.execPath, [
      'node_modules/assemblyscript/bin/asc.js',
      '--config',
      'asconfig.json',
      '--target',
      'release',
    ]);
  });
  const sources = ['src', 'test', 'bench', 'fuzz'];
  step('JavaScript', [...sources, 'tsconfig.json', 'build/proto/otlp.d.ts'], ['build/js/.built'], () => {
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']);
    sources.forEach(prune);
    rmSync(join(root, 'build/js/.built'), { force: true });
    run(process.execPath, ['-e', "require('node:fs').writeFileSync('build/js/.built', '')"]);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
