// Writes src/kernel/generated/: what TypeScript knows of the kernel's memory, read off the compiled AssemblyScript.
// Functions are those that assembly/index.ts exports; records, enums and numbers those of assembly/boundary.ts.
// `--check` says what is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ElementKind, TypeKind } from 'assemblyscript';
import asc from 'assemblyscript/asc';
import { Transform } from 'assemblyscript/transform';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = 'src/kernel/generated';
const HEAD = 'Generated from assembly/ by scripts/generate-kernel.mjs; do not edit.';

/** TypeScript's view of the memory, and the type of what is in it, by AssemblyScript's name of a number. */
const NUMBERS = {
  u8: ['u8', 'number', 0],
  i8: ['i8', 'number', 0],
  bool: ['u8', 'number', 0],
  u16: ['u16', 'number', 1],
  i32: ['i32', 'number', 2],
  u32: ['u32', 'number', 2],
  usize: ['u32', 'number', 2],
  f32: ['f32', 'number', 2],
  f64: ['f64', 'number', 3],
  i64: ['i64', 'bigint', 3],
  u64: ['u64', 'bigint', 3],
};
const ARRAYS = {
  u8: 'Uint8Array',
  i8: 'Int8Array',
  u16: 'Uint16Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
  i64: 'BigInt64Array',
  u64: 'BigUint64Array',
};

/** Compiles without optimising; answers the program and the values of exported globals. */
async function compile() {
  let program;
  let binary;
  class Capture extends Transform {
    afterCompile() {
      program = this.program;
    }
  }
  const files = ['assembly/index.ts', 'assembly/boundary.ts'];
  const options = ['--config', 'asconfig.json', '-O0', '--disableWarning', '235', '--outFile', 'boundary.wasm'];
  const { error, stderr } = await asc.main([...files, ...options], {
    transforms: [Capture],
    readFile: (name, base) => {
      const path = join(root, base ?? '.', name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
  });
  if (error) throw new Error(`${error.message}\n${stderr}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  return { program, values: exports };
}

/** Names and elements that a file exports, its `export *` included. */
function exportsOf(program, name) {
  const all = ({ exports, exportsStar }) => [...(exports ?? []), ...(exportsStar ?? []).flatMap(all)];
  return all([...program.filesByName.values()].find((file) => file.internalName === name));
}

/**
 * The comment in front of a declaration, its lines without stars; none: undefined. A range begins behind the token
 * before.
 */
function docOf({ range }) {
  const { text } = range.source;
  const trivia = /^(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/|@\w+)*/.exec(text.slice(range.start))[0].length;
  const line = text.lastIndexOf('\n', range.start + trivia) + 1;
  const before = text.slice(0, line).replace(/(?:\s*(?:@\w+|\/\/ @ts-ignore[^\n]*))*\s*$/, '');
  if (!before.endsWith('*/')) return undefined;
  const comment = before.slice(before.lastIndexOf('/**') + 3, -2);
  const lines = comment.split('\n').map((line) => line.trim().replace(/^\* ?/, ''));
  return lines.filter((line, i) => line !== '' || (i > 0 && i < lines.length - 1));
}

/** Words in lines of at most 120 columns; what is indented or drawn stays as it is. */
function wrapped(lines, width) {
  return lines.flatMap((line) => {
    const all = [];
    let rest = line;
    while (rest.length > width && rest.lastIndexOf(' ', width) > 0) {
      const end = rest.lastIndexOf(' ', width);
      all.push(rest.slice(0, end));
      rest = rest.slice(end + 1);
    }
    return [...all, rest];
  });
}

function comment(lines, indent = '') {
  if (!lines) return '';
  const [first, ...more] = wrapped(lines, 116 - indent.length);
  if (more.length === 0 && indent.length + first.length <= 113) return `${indent}/** ${first} */\n`;
  return `${indent}/**\n${[first, ...more].map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

/**
 * A type as the boundary has it: a number, a list of numbers (`Numbers<T>`, `Records<T>`), or the address of a record.
 */
function shapeOf(program, { classReference }, plain) {
  if (!classReference) return { type: plain };
  const { name } = classReference.prototype;
  const [of] = classReference.typeArguments ?? [];
  if (name === 'Numbers') return { type: 'usize', list: of.toString(), width: 1 };
  if (name !== 'Records') return { type: 'usize' };
  const { fields } = fieldsOf(program, of.classReference.prototype);
  if (fields.length !== 1) throw new Error(`Records<${of.classReference.name}>: only records of one kind of numbers`);
  return { type: 'usize', list: fields[0].type, width: fields[0].length };
}

/** Fields of a record, in their order; numbered ones (`level0`, `level1`, …) are one with a length. */
function fieldsOf(program, prototype) {
  const instance = program.resolver.resolveClass(prototype, null);
  const fields = [];
  for (const [name, { instance: field }] of instance.members ?? []) {
    if (!field?.isField || /^spare\d*$/.test(name)) continue;
    const shape = shapeOf(program, field.type, field.type.toString());
    const [, stem, number] = /^(.*\D)(\d+)$/.exec(name) ?? [];
    const last = fields.at(-1);
    if (
      last &&
      number !== undefined &&
      last.stem === stem &&
      last.type === shape.type &&
      Number(number) === last.length
    ) {
      last.length += 1;
      last.name = stem;
      continue;
    }
    const own = {
      name,
      stem: number === '0' ? stem : name,
      at: field.memoryOffset,
      length: 1,
      doc: docOf(field.declaration),
    };
    fields.push({ ...own, ...shape });
  }
  return { bytes: instance.nextMemoryOffset, fields };
}

/** Where the number at so many bytes of a record is found, as an index into its view. */
function indexOf(at, shift) {
  if (shift === 0) return at === 0 ? 'at' : `at + ${at}`;
  return at === 0 ? `at >>> ${shift}` : `(at + ${at}) >>> ${shift}`;
}

function readerOf({ name, type, at, length, list, width }) {
  const [view, plain, shift] = NUMBERS[type];
  const start = indexOf(at, shift);
  const number = `memory.${view}[${start}]!`;
  if (length > 1) {
    const end = indexOf(at + length * 2 ** shift, shift);
    return `  ${name}: (memory: Views, at: number): ${ARRAYS[type]} => memory.${view}.subarray(${start}, ${end}),\n`;
  }
  if (!list) return `  ${name}: (memory: Views, at: number): ${plain} => ${number},\n`;
  const items = width === 1 ? 'count' : `${width} * count`;
  return `  ${name}: (memory: Views, at: number, count: number): ${ARRAYS[list]} =>
    new ${ARRAYS[list]}(memory.buffer, ${number}, ${items}),\n`;
}

function writerOf({ name, type, at, length }) {
  const [view, , shift] = NUMBERS[type];
  if (length > 1) return `    memory.${view}.set(fields.${name}, ${indexOf(at, shift)});\n`;
  return `    memory.${view}[${indexOf(at, shift)}] = fields.${name};\n`;
}

/** A record as an interface and its readers; one that is an input has a writer as well. */
function layoutOf(program, name, prototype) {
  const { bytes, fields } = fieldsOf(program, prototype);
  const plain = fields.filter(({ list }) => !list);
  const isInput = name.endsWith('Input');
  const typeOf = ({ type, length }) => {
    if (length === 1) return NUMBERS[type][1];
    return isInput ? 'ArrayLike<number>' : ARRAYS[type];
  };
  const members = plain.map((field) => `${comment(field.doc, '  ')}  readonly ${field.name}: ${typeOf(field)};\n`);
  const readers = fields.map((field) => `${comment(field.list ? field.doc : undefined, '  ')}${readerOf(field)}`);
  const whole = isInput
    ? `  write: (memory: Views, at: number, fields: ${name}): void => {\n${plain.map(writerOf).join('')}  },\n`
    : `  read: (memory: Views, at: number): ${name} => ({
${plain.map((field) => `    ${field.name}: ${name}.${field.name}(memory, at),\n`).join('')}  }),\n`;
  const record = `${comment(docOf(prototype.declaration))}export interface ${name} {\n${members.join('')}}\n\n`;
  return `${plain.length > 0 ? record : ''}/** Fields of the record at an address. */
export const ${name} = {
  BYTES: ${bytes},
${readers.join('')}${plain.length > 0 ? whole : ''}} as const;
`;
}

/** Columns over slots: views of all of them. */
function columnsOf(program, name, prototype) {
  const { fields } = fieldsOf(program, prototype);
  const members = fields.map(
    (field) => `${comment(field.doc, '  ')}  readonly ${field.name}: ${ARRAYS[field.list]};\n`,
  );
  const views = fields.map(({ name: column, at, list, width }) => {
    const items = width === 1 ? 'slots' : `${width} * slots`;
    return `    ${column}: new ${ARRAYS[list]}(memory.buffer, memory.u32[${indexOf(at, 2)}]!, ${items}),\n`;
  });
  return `${comment(docOf(prototype.declaration))}export interface ${name} {\n${members.join('')}}

/** Views of the columns over so many slots; \`at\`: address of their record. Stale once the memory has grown. */
export function view${name}(memory: Views, at: number, slots: number): ${name} {
  return {
${views.join('')}  };
}
`;
}

function enumOf(name, { members, declaration }, values) {
  const numbers = [...members].map(([member, { declaration: at }]) => [
    member,
    values[`${name}.${member}`].value,
    docOf(at),
  ]);
  const lines = numbers.map(([member, value, doc]) => `${comment(doc, '  ')}  ${member}: ${value},\n`);
  const isDense = numbers.every(([, value], i) => value === i);
  const names = isDense
    ? `\n/** Names of ${name} by number. */
export const ${name[0].toLowerCase()}${name.slice(1)}Names = [
${numbers.map(([member]) => `  '${member.toLowerCase()}',\n`).join('')}] as const;\n`
    : '';
  return `${comment(docOf(declaration))}export const ${name} = {\n${lines.join('')}} as const;\n${names}`;
}

/** Exported functions with their signatures as JavaScript sees them. */
function functionsOf(program) {
  const lines = [];
  for (const [name, element] of exportsOf(program, 'assembly/index')) {
    if (element.kind !== ElementKind.FunctionPrototype)
      throw new Error(`index.ts exports ${name}, which is no function`);
    const { signature } = element.instances.get('') ?? [...element.instances.values()][0];
    const parameters = element.functionTypeNode.parameters.map(({ name: parameter }, i) => {
      const type = signature.parameterTypes[i];
      const own = type.kind === TypeKind.Bool ? 'boolean' : NUMBERS[type.classReference ? 'usize' : type.toString()][1];
      return `${parameter.text}: ${own}`;
    });
    const result = signature.returnType.kind === TypeKind.Void ? 'void' : resultOf(signature.returnType);
    const call = `  ${name}(${parameters.join(', ')}): ${result};`;
    const fit = call.length <= 120 ? call : `  ${name}(\n    ${parameters.join(',\n    ')},\n  ): ${result};`;
    lines.push([name, `${comment(docOf(element.declaration), '  ')}${fit}\n`]);
  }
  return lines.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

const resultOf = (type) =>
  type.classReference || type.toString() === 'usize' ? 'Address' : NUMBERS[type.toString()][1];

/** Readers of the lists whose address a function answers (`Numbers<T>`). */
function listsOf(program) {
  const lines = [];
  for (const [name, element] of exportsOf(program, 'assembly/index')) {
    const { signature } = element.instances.get('') ?? [...element.instances.values()][0];
    const { list } = shapeOf(program, signature.returnType, signature.returnType.toString());
    if (!list) continue;
    lines.push(`${comment(docOf(element.declaration), '  ')}  ${name}: (memory: Views, at: Address, count: number): ${ARRAYS[list]} =>
    new ${ARRAYS[list]}(memory.buffer, at >>> 0, count),\n`);
  }
  return lines.sort();
}

/** Texts of the files by name. */
async function generate() {
  const { program, values } = await compile();
  const [layouts, columns, constants, regions] = [[], [], [], []];
  const declared = [...exportsOf(program, 'assembly/boundary')].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, element] of declared) {
    if (name.endsWith('Columns')) columns.push(columnsOf(program, name, element));
    else if (element.kind === ElementKind.ClassPrototype) layouts.push(layoutOf(program, name, element));
    else if (element.kind === ElementKind.Enum)
      (name === 'Region' ? regions : constants).push(enumOf(name, element, values));
    else if (element.kind === ElementKind.Global)
      constants.push(`${comment(docOf(element.declaration))}export const ${name} = ${values[name].value};\n`);
    else throw new Error(`boundary.ts exports ${name} (${path(element)}), which is no record, enum or number`);
  }
  const file = (what, ...parts) => `// ${what} ${HEAD}\n${parts.join('\n')}`;
  return {
    'constants.ts': file('Numbers and enums of the kernel.', ...constants),
    'layouts.ts': file("Records of the kernel's memory.", "import type { Views } from '../views.js';\n", ...layouts),
    'columns.ts': file('Results of the detection.', "import type { Views } from '../views.js';\n", ...columns),
    'regions.ts': file("Regions of the kernel's state.", ...regions),
    'exports.ts': file(
      'Functions of the kernel.',
      "import type { Views } from '../views.js';\n",
      '/** Address in the memory of the kernel, as signed 32 bits. */\nexport type Address = number;\n',
      `/** Booleans arrive as 0 or 1, 64-bit integers as bigint. */\nexport interface KernelFunctions {\n${functionsOf(program).join('')}}\n`,
      `/** Views of the lists whose addresses functions answer, by function; stale once the memory has grown. */\nexport const lists = {\n${listsOf(program).join('')}} as const;\n`,
    ),
  };
}

const isCheck = process.argv.includes('--check');
let outdated = 0;
for (const [name, text] of Object.entries(await generate())) {
  const target = join(root, folder, name);
  if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
  outdated += 1;
  if (isCheck) console.error(`${folder}/${name} is out of date: run npm run build`);
  else {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
if (isCheck && outdated > 0) process.exit(1);
