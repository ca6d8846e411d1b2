// A configuration as it was written: plain values, and for each of them the file and line.
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Path, Problem, ProblemOrigin } from './problem.js';

/** A value that a substitution made: parsed as YAML for fields of any type, with the text for fields that want text. */
export class Expanded {
  readonly value: unknown;
  readonly original: string;
  constructor(value: unknown, original: string) {
    this.value = value;
    this.original = original;
  }
}

export interface Tree {
  readonly value: unknown;
  /** By `pathKey`. */
  readonly origins: ReadonlyMap<string, ProblemOrigin>;
}

export const EMPTY_TREE: Tree = { value: {}, origins: new Map() };

export function pathKey(path: Path): string {
  return path.join('\0');
}

/** Origin of the value at `path`, or of the nearest value around it. */
export function originOf(tree: Tree, path: Path): ProblemOrigin | undefined {
  for (let length = path.length; length > 0; length--) {
    const origin = tree.origins.get(pathKey(path.slice(0, length)));
    if (origin) return origin;
  }
  return undefined;
}

/** True for what YAML calls a mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Expanded);
}

/** Reads YAML text; `file` is its name in messages. Anchors and merge keys (`<<`) are resolved. */
export function parseYaml(text: string, file: string): { tree: Tree; problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'silent' });
  const place = (offset: number): ProblemOrigin => ({ file, line: lines.linePos(offset).line });
  const problem = (message: string, offset: number): Problem => {
    return { severity: 'error', path: [], message: `not valid YAML: ${message}`, origin: place(offset) };
  };
  // The first only: what follows a mistake in the notation is mostly its consequence.
  const [error] = document.errors;
  if (error) return { tree: EMPTY_TREE, problems: [problem(error.message, error.pos[0])] };
  try {
    return { tree: { value: document.toJS() as unknown, origins: originsOf(document, place) }, problems: [] };
  } catch (cause) {
    // Aliases to nothing, or so many that they would fill the memory.
    return { tree: EMPTY_TREE, problems: [problem((cause as Error).message, 0)] };
  }
}

function originsOf(document: Document.Parsed, place: (offset: number) => ProblemOrigin): Map<string, ProblemOrigin> {
  const origins = new Map<string, ProblemOrigin>();
  const walk = (node: unknown, path: Path): void => {
    if (isMap(node)) {
      for (const item of node.items) {
        if (!isPair(item) || !isScalar(item.key)) continue;
        const inner = [...path, String(item.key.value)];
        if (item.key.range) origins.set(pathKey(inner), place(item.key.range[0]));
        walk(item.value, inner);
      }
    } else if (isSeq(node)) {
      node.items.forEach((item, index) => {
        const range = (item as { range?: [number, number, number] }).range;
        if (range) origins.set(pathKey([...path, index]), place(range[0]));
        walk(item, [...path, index]);
      });
    }
  };
  walk(document.contents, []);
  return origins;
}

function mergeValues(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above)) return above;
  const merged = { ...below };
  for (const [key, value] of Object.entries(above))
    merged[key] = key in merged ? mergeValues(merged[key], value) : value;
  return merged;
}

/** Lays `above` over `below`: maps join, everything else is replaced. */
export function mergeTrees(below: Tree, above: Tree): Tree {
  return { value: mergeValues(below.value, above.value ?? {}), origins: new Map([...below.origins, ...above.origins]) };
}
