// Changes JSON by its tokens.
import type { Random } from '../random.js';
import { mutateBytes } from './bytes.js';

const TOKEN = /"(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*|[[\]{}:,]|[a-z]+|\s+|./gs;
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '1e5',
  '1E400',
  '-1e-400',
  '0.1',
  '2147483648',
  '4294967296',
  '9007199254740993',
];
const LONG = ['9223372036854775807', '-9223372036854775808', '18446744073709551615', '18446744073709551616', '1e19'];
const TEXTS = [
  '""',
  '"0"',
  '"-1"',
  '"NaN"',
  '"Infinity"',
  '"1e3"',
  '"00"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud83d\\ude00"',
  '"AA=="',
  '"_-"',
];
const OTHERS = [
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '[null]',
  '{"a":{}}',
  '"\u00e9\u{1f600}"',
  ' ',
  '\t',
  '"5b8aa5a2d2c872e8321cf37308d69df2"',
];

export function mutateJson(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (random.once(5)) return mutateBytes(input, other, random);
  const tokens = tokensOf(input);
  for (let changes = 1 + random.below(4); changes > 0; changes--) change(tokens, other, random);
  return Buffer.from(tokens.join(''));
}

const tokensOf = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString().match(TOKEN) ?? [];

function change(tokens: string[], other: Uint8Array, random: Random): void {
  const at = random.below(tokens.length + 1);
  const length = 1 + random.below(random.once(4) ? 12 : 2);
  switch (random.below(8)) {
    case 0:
      tokens.splice(at, length);
      return;
    case 1:
      tokens.splice(at, 0, ...tokens.slice(at, at + length));
      return;
    case 2:
    case 3:
      tokens[at] = random.pick(random.pick([NUMBERS, LONG, TEXTS, OTHERS]));
      return;
    case 4: {
      const theirs = tokensOf(other);
      const from = random.below(theirs.length + 1);
      tokens.splice(at, random.below(3), ...theirs.slice(from, from + length));
      return;
    }
    case 5:
      tokens.splice(at, 0, random.pick(['[', ']', '{', '}', ',', ':', '"', '\\']));
      return;
    case 6:
      // A value as text, or a text as a value.
      tokens[at] = tokens[at]?.startsWith('"') ? tokens[at].slice(1, -1) : JSON.stringify(tokens[at] ?? '');
      return;
    default:
      tokens[at] = (tokens[at] ?? '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}
