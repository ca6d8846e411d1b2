// The Huffman code of HPACK's strings (RFC 7541, 5.2 and Appendix B), decoded four bits at a time.

/**
 * Which octets have codes of how many bits. No more is needed: the code is canonical, that is, codes in the order of
 * their lengths, and among codes of a length in the order of their octets, count up from zero.
 */
const OCTETS_BY_BITS: readonly (readonly [bits: number, octets: string | readonly number[]])[] = [
  [5, '012aceiost'],
  [6, ' %-./3456789=A_bdfghlmnpru'],
  [7, ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'],
  [8, '&*,;XZ'],
  [10, '!"()?'],
  [11, "'+|"],
  [12, '#>'],
  [13, '\0$@[]~'],
  [14, '^}'],
  [15, '<`{'],
  [19, [92, 195, 208]],
  [20, [128, 130, 131, 162, 184, 194, 224, 226]],
  [21, [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230]],
  [
    22,
    [
      129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198,
      228, 232, 233,
    ],
  ],
  [
    23,
    [
      1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182,
      183, 188, 191, 197, 231, 239,
    ],
  ],
  [24, [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237]],
  [25, [199, 207, 234, 235]],
  [26, [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255]],
  [27, [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254]],
  [
    28,
    [2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249],
  ],
  [30, [10, 13, 22]],
];

/** The end of the string, never sent: its code is thirty ones, of which padding is a beginning. */
const EOS = 256;
const EOS_BITS = 30;

/** A symbol and its code. */
export interface HuffmanCode {
  symbol: number;
  code: number;
  bits: number;
}

/** All 257 codes, shortest first. */
export function huffmanCodes(): HuffmanCode[] {
  const codes: HuffmanCode[] = [];
  let next = 0;
  let width = 0;
  for (const [bits, octets] of OCTETS_BY_BITS) {
    next <<= bits - width;
    width = bits;
    const symbols = typeof octets === 'string' ? [...Buffer.from(octets, 'latin1')] : octets;
    for (const symbol of symbols) codes.push({ symbol, code: next++, bits });
  }
  codes.push({ symbol: EOS, code: next, bits: EOS_BITS });
  return codes;
}

/** An inner node of the code's tree: for each bit another node, or the symbol that ends here. */
type HuffmanNode = [zero: Branch | undefined, one: Branch | undefined];
type Branch = { id: number; node: HuffmanNode } | { symbol: number };

/**
 * The inner nodes, 256 of them. EOS is put in first, so that nodes 0 (the root) to 29 are the path of ones: what is
 * left over at a string's end is padding if it led to one of the first eight.
 */
function tree(): HuffmanNode[] {
  const nodes: HuffmanNode[] = [[undefined, undefined]];
  for (const { symbol, code, bits } of huffmanCodes().reverse()) {
    let node = nodes[0]!;
    for (let shift = bits - 1; shift > 0; shift--) node = child(nodes, node, (code >>> shift) & 1);
    node[code & 1] = { symbol };
  }
  return nodes;
}

function child(nodes: HuffmanNode[], node: HuffmanNode, bit: number): HuffmanNode {
  const branch = node[bit];
  if (branch && 'node' in branch) return branch.node;
  const made: HuffmanNode = [undefined, undefined];
  node[bit] = { id: nodes.length, node: made };
  nodes.push(made);
  return made;
}

/** The longest padding is seven ones (RFC 7541, 5.2). */
const LAST_PADDING_STATE = 7;
const EMITS = 0x1_00_00;
const REFUSED = -1;

/**
 * What four bits do in a state (an inner node's number), at [state << 4 | bits]:
 *
 *     bit 16   15 … 8   7 … 0
 *     emits    octet    next state        or REFUSED: that was EOS
 *
 * Four bits finish one symbol at most, as the shortest code has five. 16 KiB, which fit the first-level cache.
 */
const STEPS = steps();

function steps(): Int32Array {
  const nodes = tree();
  const table = new Int32Array(nodes.length << 4);
  for (let i = 0; i < table.length; i++) table[i] = step(nodes, i >> 4, i & 15);
  return table;
}

function step(nodes: HuffmanNode[], state: number, bits: number): number {
  let emitted = 0;
  for (let shift = 3; shift >= 0; shift--) {
    const branch = nodes[state]![(bits >> shift) & 1]!;
    if ('node' in branch) state = branch.id;
    else if (branch.symbol === EOS) return REFUSED;
    else {
      emitted = EMITS | (branch.symbol << 8);
      state = 0;
    }
  }
  return emitted | state;
}

/** Decoded octets on their way to a string. Longer strings get memory of their own, so that this stays small. */
const scratch = Buffer.allocUnsafeSlow(8192);

/** The string in the octets from `start` up to `end`; undefined where EOS or what is no padding is among them. */
export function decodeHuffman(block: Buffer, start: number, end: number): string | undefined {
  const most = ((end - start) * 8) / 5;
  const out = most <= scratch.length ? scratch : Buffer.allocUnsafe(Math.ceil(most));
  let length = 0;
  let state = 0;
  // Bit 16 is cut off where an octet is stored.
  for (let cursor = start; cursor < end; cursor++) {
    const octet = block[cursor]!;
    const first = STEPS[(state << 4) | (octet >> 4)]!;
    if (first >= EMITS) out[length++] = first >> 8;
    const second = STEPS[((first & 0xff) << 4) | (octet & 15)]!;
    if (second >= EMITS) out[length++] = second >> 8;
    // REFUSED is the only one with a sign, and looks like some state until here.
    if ((first | second) < 0) return undefined;
    state = second & 0xff;
  }
  return state <= LAST_PADDING_STATE ? out.toString('latin1', 0, length) : undefined;
}
