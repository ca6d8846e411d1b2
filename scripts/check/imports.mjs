// Import directions: docs/architecture.md's order of layers, read off the import lines of src/ and assembly/.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Layers from the bottom up. A file imports from its own layer's folder and from layers below. */
const LAYERS = [
  ['pipeline', 'terminal', 'version.ts'],
  ['telemetry'],
  ['config'],
  ['http2'],
  ['storage'],
  ['otlp'],
  ['kernel'],
  ['sending'],
  ['receivers', 'processors', 'connectors', 'exporters', 'extensions'],
  ['components.ts'],
  ['service'],
  ['index.ts'],
  ['simulation'],
  ['demo', 'replay'],
  ['commands'],
  ['main.ts'],
];

const IMPORT = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

function sources(root, folder) {
  const names = readdirSync(join(root, folder), { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

/** What cannot be reached from somewhere else: a component's folder, or a layer's. */
function home(path) {
  const [, first = '', second = ''] = path.split('/');
  const rank = LAYERS.findIndex((layer) => layer.includes(first));
  const isComponent = LAYERS[rank]?.includes('receivers');
  return { rank, name: isComponent ? `${first}/${second}` : first };
}

function wrongImport(from, target) {
  if (target.startsWith('node:')) return undefined;
  if (!target.startsWith('.')) {
    return from.startsWith('assembly/')
      ? `${from} imports ${target}: the kernel imports nothing from outside`
      : undefined;
  }
  const to = posix.join(posix.dirname(from), target);
  if (from.startsWith('assembly/'))
    return to.startsWith('assembly/') ? undefined : `${from} imports ${to}: the kernel imports nothing from outside`;
  if (!to.startsWith('src/')) return `${from} imports ${to}: outside of src/`;
  const [here, there] = [home(from), home(to.replace(/\.js$/, '.ts'))];
  if (here.rank < 0) return `${from}: src/${here.name} has no place in the order of layers (scripts/check/imports.mjs)`;
  if (there.rank < 0) return `${from} imports ${to}, which has no place in the order of layers`;
  if (here.name === there.name || there.rank < here.rank) return undefined;
  return there.rank === here.rank ? `${from} imports its sibling ${to}` : `${from} imports ${to}, which lies above it`;
}

/** Rules about words in a file that say what it touches. */
function wrongWords(path, text) {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '');
  const wrong = [];
  if (!path.startsWith('src/kernel/') && /\bWebAssembly\b|kernel\.wasm/.test(code))
    wrong.push(`${path}: only src/kernel knows that there is WebAssembly`);
  if (path !== 'src/main.ts' && /\bprocess\.(exit|exitCode|abort|kill)\b/.test(code))
    wrong.push(`${path}: only src/main.ts ends the process`);
  return wrong;
}

/** Every import that goes the wrong way, as a sentence. */
export function checkImports(root) {
  return [...sources(root, 'src'), ...sources(root, 'assembly')].flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const targets = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2]);
    const wrong = targets.flatMap((target) => wrongImport(path, target) ?? []);
    return path.startsWith('src/') ? [...wrong, ...wrongWords(path, text)] : wrong;
  });
}
