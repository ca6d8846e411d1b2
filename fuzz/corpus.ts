// Inputs that are worth keeping: a file a target, an input a line in base64, smallest first.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of each file, so that all of them together stay small. */
const MOST_BYTES = 64 * 1024;

const fileOf = (folder: string, target: string): string => join(folder, `${target}.txt`);

export function readCorpus(folder: string, target: string): Uint8Array[] {
  const file = fileOf(folder, target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => Uint8Array.from(Buffer.from(line, 'base64')));
}

/** Those first that are small: they say the same in less. */
export function writeCorpus(folder: string, target: string, inputs: readonly Uint8Array[]): void {
  const lines = new Set(inputs.map((input) => Buffer.from(input).toString('base64')));
  const sorted = [...lines].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  let bytes = 0;
  const kept = sorted.filter((line) => {
    bytes += line.length + 1;
    return bytes <= MOST_BYTES;
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(folder, target), kept.map((line) => `${line}\n`).join(''));
}
