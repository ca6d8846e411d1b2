// The command `pxanomaly init`: writes a configuration to begin with.
import { writeFile } from 'node:fs/promises';
import { nearest } from '../../config/nearest.js';
import { type CommandIo, UsageError } from '../../terminal/io.js';
import { INSTALLED } from '../../terminal/program.js';
import { readArguments } from '../arguments.js';
import { nextStep, template, USES, type Use } from './templates.js';

export const DEFAULT_FILE = 'pxanomaly.yaml';

export const USAGE: string = `Usage: pxanomaly init [pixie|collector|servicegraph] [options]

Writes a commented configuration with production defaults. Default: pixie.

  --output FILE   where to; default ${DEFAULT_FILE}; - for stdout
  --force         overwrites a file that is there
  --help          this text
`;

interface InitOptions {
  readonly use: Use;
  readonly output: string;
  readonly force: boolean;
}

export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const options = parse(argv);
  if (options === 'help') {
    io.stdout.write(USAGE);
    return 0;
  }
  const { use, output, force } = options;
  if (output === '-') {
    io.stdout.write(template(use, io.program));
    return 0;
  }
  const { program = INSTALLED } = io;
  await write(output, template(use, program), force);
  io.stdout.write(`${output} is written. Next:
  1. ${nextStep(use)}
  2. NEXT_HOP=collector:4317 ${program} --config ${output}
  3. ${program} doctor --config ${output}
`);
  return 0;
}

function parse(argv: readonly string[]): InitOptions | 'help' {
  const { values, positionals } = parsed(argv);
  if (values.help) return 'help';
  const [use = 'pixie', ...more] = positionals;
  if (more.length > 0) throw new UsageError('init takes one use');
  const known = USES.find((one) => one === use);
  if (!known) {
    const near = nearest(use, USES);
    throw new UsageError(
      `there is no use "${use}"${near ? `; did you mean "${near}"?` : `; there are ${USES.join(', ')}`}`,
    );
  }
  return { use: known, output: values.output ?? DEFAULT_FILE, force: values.force ?? false };
}

function parsed(argv: readonly string[]) {
  return readArguments({
    args: [...argv],
    allowPositionals: true,
    options: { output: { type: 'string' }, force: { type: 'boolean' }, help: { type: 'boolean' } },
  });
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'EEXIST' ? `${file} is there already; --force overwrites it` : message);
  }
}
