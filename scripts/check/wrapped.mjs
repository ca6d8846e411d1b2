// Wraps prose at 120 columns: comments of TypeScript, JavaScript and shell, and Markdown. What fits is left as it is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { literalLines } from './literal-lines.mjs';
import { proseFiles } from './prose-files.mjs';

export const MAX_COLUMNS = 120;

const width = (text) => [...text].length;

/** The text with lines that are too long wrapped. */
export function wrapped(path, text) {
  if (!text.split('\n').some((line) => width(line) > MAX_COLUMNS)) return text;
  return (path.endsWith('.md') ? markdown(text) : comments(path, text)).join('\n');
}

/** Numbers of the lines that are too long and need not be, from 1. */
export function longLinesOf(path, text) {
  const before = text.split('\n');
  const isLong = (line) => width(line) > MAX_COLUMNS;
  if (!before.some(isLong)) return [];
  const left = new Set(wrapped(path, text).split('\n').filter(isLong));
  const isCode = /\.(?:ts|mjs)$/.test(path);
  const across = isCode ? literalLines(path, text, MAX_COLUMNS) : new Set();
  const isFine = (line, i) => left.has(line) && (!isCode || across.has(i) || /^\s*(?:\/\/|\/?\*)/.test(line));
  return before.flatMap((line, i) => (isLong(line) && !isFine(line, i) ? [i + 1] : []));
}

/** What can be wrapped and is not, as sentences. */
export function checkWrapped(root) {
  const wrong = proseFiles(root).filter((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return wrapped(path, text) !== text;
  });
  return wrong.map((path) => `${path}: lines beyond column ${MAX_COLUMNS} (node scripts/wrap.mjs ${path})`);
}

/**
 * Words that stay together: short code between backticks, and what would begin a list or heading at the start of a
 * line.
 */
function wordsOf(text) {
  const pieces = text.match(/(?:`[^`]{0,60}`|[^\s`]|`)+/g) ?? [];
  return pieces.reduce((words, piece) => {
    if (words.length > 0 && /^(?:[-+*>#|]+|\d+[.)])$/.test(piece)) words[words.length - 1] += ` ${piece}`;
    else words.push(piece);
    return words;
  }, []);
}

/** Lines of words: the first begins with `first`, the others with `rest`. */
function fill(words, first, rest, room = MAX_COLUMNS) {
  const lines = [];
  let line = first;
  let isEmpty = true;
  for (const word of words) {
    if (!isEmpty && width(line) + 1 + width(word) > room) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/**
 * Rewrites each paragraph from its first line that is too long on. A paragraph: lines with the same lead, of which only
 * the first may begin something.
 */
function reflow(lines, leadOf, begins) {
  const out = [];
  for (let i = 0; i < lines.length; i++) {
    const lead = leadOf(lines[i], i);
    if (lead === undefined || width(lines[i]) <= MAX_COLUMNS) {
      out.push(lines[i]);
      continue;
    }
    const parts = [lines[i].slice(lead.first.length)];
    while (i + 1 < lines.length && !begins(lines[i + 1], i + 1, lead)) {
      const line = lines[++i];
      parts.push(line.startsWith(lead.rest) ? line.slice(lead.rest.length) : line.trimStart());
    }
    out.push(...fill(wordsOf(parts.join(' ')), lead.first, lead.rest));
  }
  return out;
}

const COMMENT = /^(\s*(?:\/\/|\*|#) ?)(?=\S)/;
/** Lines of a comment that are no running text: lists, tables, drawings, tags, and what is set in. */
const SET = /^\s*(?:\/\/|\*|#)(?: (?:\s|[-*+•] |\d+[.)] |[|│├└┌▸@]|biome-ignore|eslint|===|---)|$)/;

function comments(path, text) {
  const literal = path.endsWith('.sh') ? new Set() : literalLines(path, text);
  const lines = text.split('\n').flatMap((line, i) => {
    const one = /^(\s*)\/\*\* (.*) \*\/$/.exec(line);
    if (!one || width(line) <= MAX_COLUMNS || literal.has(i)) return [{ line, isLiteral: literal.has(i) }];
    const [, indent, words] = one;
    return [`${indent}/**`, ...fill(wordsOf(words), `${indent} * `, `${indent} * `), `${indent} */`].map((made) => ({
      line: made,
      isLiteral: false,
    }));
  });
  const leadOf = (line, i) => {
    const match = COMMENT.exec(line);
    if (!match || lines[i].isLiteral || /biome-ignore|^#!/.test(line) || (path.endsWith('.sh') && !/^\s*#/.test(line)))
      return undefined;
    if (!path.endsWith('.sh') && /^\s*#/.test(line)) return undefined;
    const [lead] = match;
    const marker = /^(?:[-*+•] |\d+[.)] )/.exec(line.slice(lead.length))?.[0] ?? '';
    return { first: lead + marker, rest: lead + ' '.repeat(marker.length) };
  };
  const begins = (line, i, lead) => {
    if (lines[i].isLiteral || !line.startsWith(lead.rest) || /^\s*\*\//.test(line)) return true;
    return lead.first === lead.rest ? SET.test(line) : /^\s*(?:\/\/|\*|#)(?: (?:[-*+•] |\d+[.)] )|$)/.test(line);
  };
  return reflow(
    lines.map(({ line }) => line),
    leadOf,
    begins,
  );
}

const LIST = /^(\s*(?:[-*+]|\d+[.)]) +)/;
const OTHER = /^\s*(?:#{1,6} |\||<|>|```|~~~|\[[^\]]+\]: |---|===|$)/;

function markdown(text) {
  const lines = text.split('\n');
  let isFenced = false;
  let isGenerated = false;
  const fenced = lines.map((line) => {
    if (/^<!--.*(?:generated|:begin)/.test(line)) isGenerated = true;
    if (/^<!-- (?:\/|.*:end)/.test(line)) isGenerated = false;
    if (/^\s*(?:```|~~~)/.test(line)) {
      isFenced = !isFenced;
      return true;
    }
    return isFenced || isGenerated;
  });
  const leadOf = (line, i) => {
    if (fenced[i] || OTHER.test(line) || /^ {4,}\S/.test(line)) return undefined;
    const list = LIST.exec(line)?.[1];
    const indent = /^\s*/.exec(line)[0];
    return list ? { first: list, rest: ' '.repeat(list.length) } : { first: indent, rest: indent };
  };
  const begins = (line, i, lead) =>
    fenced[i] ||
    OTHER.test(line) ||
    LIST.test(line) ||
    / {2}$|\\$/.test(lines[i - 1]) ||
    // Continuations may be set in or not.
    (!line.startsWith(lead.rest) && lead.first === lead.rest);
  return reflow(
    lines.map((line) => line),
    leadOf,
    begins,
  );
}
