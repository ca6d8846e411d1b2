// Import directions: docs/architecture.md's order of layers and of detection's rooms, read off the import lines of src/
// and assembly/; and files that import each other in a circle, type imports included.
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
  ['detection'],
  ['auth'],
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

/**
 * Rooms of src/detection and the files beside them, from the bottom up. A room imports from itself and from rooms
 * below.
 */
const DETECTION = [
  ['sender-settings.ts', 'slicing', 'vocabulary'],
  ['pending-request.ts'],
  ['rules'],
  ['topology'],
  ['binding'],
  ['alerting'],
  ['incidents'],
  ['results'],
  ['learning'],
  ['settings.ts', 'published-counts.ts'],
  ['kernel-options.ts'],
  ['detector-parts.ts'],
  ['tick-outcomes.ts'],
  ['detector.ts'],
  ['status', 'state'],
  ['learner.ts'],
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
  if (here.name === 'detection' && there.name === 'detection') return wrongRoom(from, to.replace(/\.js$/, '.ts'));
  if (here.name === there.name || there.rank < here.rank) return undefined;
  return there.rank === here.rank ? `${from} imports its sibling ${to}` : `${from} imports ${to}, which lies above it`;
}

/** A room of detection that reaches for one above it, or beside it. */
function wrongRoom(from, to) {
  const [here, there] = [from, to].map((path) => path.split('/')[2]);
  const [rank, other] = [here, there].map((name) => DETECTION.findIndex((rooms) => rooms.includes(name)));
  if (rank < 0) return `${from}: src/detection/${here} has no place in the order of rooms (scripts/check/imports.mjs)`;
  if (other < 0) return `${from} imports ${to}, which has no place in the order of rooms`;
  if (here === there || other < rank) return undefined;
  return other === rank ? `${from} imports ${to}, of the room beside it` : `${from} imports ${to}, of a room above it`;
}

/** Files that import each other in a circle, directly or through others: each circle once, its files in order. */
export function importCircles(root) {
  return circlesOf(importGraph(root));
}

/** Rooms of detection that do; files beside the rooms count as rooms. */
export function roomCircles(root) {
  const rooms = new Map();
  for (const [path, targets] of importGraph(root)) {
    const room = roomOf(path);
    if (!room) continue;
    const reached = [...(rooms.get(room) ?? []), ...targets.map(roomOf).filter((one) => one && one !== room)];
    rooms.set(room, reached);
  }
  return circlesOf(rooms);
}

function roomOf(path) {
  return path.startsWith('src/detection/') ? path.split('/')[2] : undefined;
}

/** Files with those that they import. */
function importGraph(root) {
  const graph = new Map();
  for (const path of [...sources(root, 'src'), ...sources(root, 'assembly')]) {
    const targets = importsOf(readFileSync(join(root, path), 'utf8')).filter((target) => target.startsWith('.'));
    const files = targets.map((target) => `${posix.join(posix.dirname(path), target).replace(/\.(js|ts)$/, '')}.ts`);
    graph.set(path, files);
  }
  return graph;
}

function circlesOf(graph) {
  return components(graph)
    .filter((files) => files.length > 1)
    .map((files) => files.sort());
}

/** Strongly connected components (Tarjan). */
function components(graph) {
  const found = [];
  const state = new Map();
  const stack = [];
  const visit = (node) => {
    const mine = { index: state.size, low: state.size, isOpen: true };
    state.set(node, mine);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue;
      const other = state.get(next) ?? visit(next);
      if (other.isOpen) mine.low = Math.min(mine.low, other.low);
    }
    if (mine.low !== mine.index) return mine;
    const files = stack.splice(stack.indexOf(node));
    for (const file of files) state.get(file).isOpen = false;
    found.push(files);
    return mine;
  };
  for (const node of graph.keys()) if (!state.has(node)) visit(node);
  return found;
}

function importsOf(text) {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2]);
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

/** Every import that goes the wrong way, and every circle, as a sentence. */
export function checkImports(root) {
  const directions = [...sources(root, 'src'), ...sources(root, 'assembly')].flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const wrong = importsOf(text).flatMap((target) => wrongImport(path, target) ?? []);
    return path.startsWith('src/') ? [...wrong, ...wrongWords(path, text)] : wrong;
  });
  return [...directions, ...importCircles(root).map((files) => `in a circle: ${files.join(', ')}`)];
}
