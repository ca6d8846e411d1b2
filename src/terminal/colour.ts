// Colour for people at a terminal, and none for files and pipes.

export interface Painter {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

const paint = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string): string => text;

/** Colours where the stream is a terminal and nobody has asked for none (no-color.org). */
export function painter(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Painter {
  if (!stream.isTTY || env.NO_COLOR || env.TERM === 'dumb') {
    return { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };
  }
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}
