// Substitution in values: `${env:V}`, `${V}`, `${env:V:-default}`, `${file:path}`, and `$$` for a dollar sign.
import type { Path, Problem } from './problem.js';
import { type Environment, retrieve } from './retrieve.js';
import { Expanded, isMapping, originOf, parseYaml, type Tree } from './tree.js';

/** References within what references gave: more is a circle. */
const MAX_DEPTH = 20;

/** The offset after the `}` that closes the `${` at `start`; -1 where none does. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return -1;
}

class Expansion {
  readonly problems: Problem[] = [];
  private readonly tree: Tree;
  private readonly env: Environment;

  constructor(tree: Tree, env: Environment) {
    this.tree = tree;
    this.env = env;
  }

  value(value: unknown, path: Path, depth: number): unknown {
    if (typeof value === 'string') return value.includes('$') ? this.text(value, path, depth) : value;
    if (value instanceof Expanded) {
      return value.original.includes('$') ? this.text(value.original, path, depth) : value;
    }
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, [...path, index], depth));
    if (!isMapping(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, this.value(inner, [...path, key], depth)]),
    );
  }

  /** A text with references in it. One that is nothing but a reference becomes what the reference gives. */
  private text(text: string, path: Path, depth: number): unknown {
    if (text.startsWith('${') && closing(text, 0) === text.length)
      return this.reference(text.slice(2, -1), path, depth);
    let out = '';
    let at = 0;
    while (at < text.length) {
      const end = text.startsWith('${', at) ? closing(text, at) : -1;
      if (text.startsWith('$$', at)) {
        out += '$';
        at += 2;
      } else if (end > 0) {
        out += this.asText(this.reference(text.slice(at + 2, end - 1), path, depth));
        at = end;
      } else out += text[at++];
    }
    return out;
  }

  private reference(inner: string, path: Path, depth: number): unknown {
    if (depth >= MAX_DEPTH) {
      this.report('error', path, `\${${inner}} refers to itself`);
      return null;
    }
    const uri = inner.includes('${') ? this.asText(this.text(inner, path, depth + 1)) : inner;
    try {
      const { text, name, warning } = retrieve(uri, 'env', this.env);
      if (warning) this.report('warning', path, warning);
      return this.parsed(text, name, path, depth);
    } catch (error) {
      this.report('error', path, (error as Error).message);
      return null;
    }
  }

  /**
   * What a reference gave, as a value with its text. The last line's end is no part of the text: secrets in files end
   * with one.
   */
  private parsed(text: string, name: string, path: Path, depth: number): unknown {
    const original = text.replace(/\r?\n$/, '');
    const { tree, problems } = parseYaml(text, name);
    // What is no YAML is a text: a password may look like anything.
    if (problems.length > 0) return new Expanded(original, original);
    if (isMapping(tree.value) || Array.isArray(tree.value))
      return new Expanded(this.value(tree.value, path, depth + 1), original);
    return original.includes('${') ? this.text(original, path, depth + 1) : new Expanded(tree.value, original);
  }

  private asText(value: unknown): string {
    if (value instanceof Expanded) return value.original;
    return typeof value === 'string' ? value : '';
  }

  private report(severity: Problem['severity'], path: Path, message: string): void {
    this.problems.push({ severity, path, message, origin: originOf(this.tree, path) });
  }
}

/** The tree with every reference replaced, and what went wrong on the way. */
export function expand(tree: Tree, env: Environment): { tree: Tree; problems: Problem[] } {
  const expansion = new Expansion(tree, env);
  const value = expansion.value(tree.value, [], 0);
  return { tree: { value, origins: tree.origins }, problems: expansion.problems };
}
