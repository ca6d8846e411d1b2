// Writes assembly/wire/tags.ts from proto/: whole tags of the OTLP messages, and the table that the structural walk
// reads. `--check` writes nothing and fails when the committed file differs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'assembly/wire/tags.ts');

const REQUESTS = [
  'metrics.v1.ExportMetricsServiceRequest',
  'trace.v1.ExportTraceServiceRequest',
  'logs.v1.ExportLogsServiceRequest',
];
const WIRE = { double: 1, fixed64: 1, sfixed64: 1, fixed32: 5, sfixed32: 5, float: 5, string: 2, bytes: 2 };
/** Actions of the structural walk, `Action` in the generated file; messages follow from MESSAGE on. */
const VARINT = 1;
const FIXED64 = 2;
const FIXED32 = 3;
const BYTES = 4;
const PACKED_FIXED64 = 5;
const PACKED_VARINT = 6;
const STRING = 7;
const MESSAGE = 16;
/** Tags below this stand in the table: field numbers up to 16. */
const TABLE_TAGS = 136;

function load() {
  const proto = new protobuf.Root();
  proto.resolvePath = (_origin, path) => join(root, 'proto', path);
  for (const signal of ['metrics', 'trace', 'logs']) {
    proto.loadSync(`opentelemetry/proto/collector/${signal}/v1/${signal}_service.proto`, { keepCase: true });
  }
  proto.resolveAll();
  return proto;
}

/** Every message reachable from the requests, in the order of first mention. */
function reachable(proto) {
  const found = new Set();
  const visit = (type) => {
    if (found.has(type)) return;
    found.add(type);
    for (const field of type.fieldsArray) if (field.resolvedType instanceof protobuf.Type) visit(field.resolvedType);
  };
  for (const name of REQUESTS) visit(proto.lookupType(`opentelemetry.proto.collector.${name}`));
  return [...found];
}

const shortName = (type) => (type.parent instanceof protobuf.Type ? type.parent.name + type.name : type.name);
const constant = (name) => name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
const hex = (n) => `0x${n.toString(16).padStart(2, '0')}`;

/** [suffix, tag, action] for each way in which the field may stand on the wire. */
function forms(field, messages) {
  const isMessage = field.resolvedType instanceof protobuf.Type;
  const wire = isMessage ? 2 : (WIRE[field.type] ?? 0);
  const tag = (type) => field.id * 8 + type;
  if (isMessage) return [['', tag(2), MESSAGE + messages.indexOf(field.resolvedType)]];
  const single = { 0: VARINT, 1: FIXED64, 2: field.type === 'string' ? STRING : BYTES, 5: FIXED32 }[wire];
  if (!field.repeated || wire === 2) return [['', tag(wire), single]];
  if (wire === 5) throw new Error(`packed 32-bit field ${field.fullName}: the walk has no action for it`);
  return [
    ['', tag(2), wire === 1 ? PACKED_FIXED64 : PACKED_VARINT],
    ['_ONE', tag(wire), single],
  ];
}

function describe(type, messages) {
  const fields = type.fieldsArray
    .slice()
    .sort((a, b) => a.id - b.id)
    .flatMap((field) =>
      forms(field, messages).map(([suffix, tag, action]) => ({ name: constant(field.name) + suffix, tag, action })),
    );
  for (const field of fields)
    if (field.tag >= TABLE_TAGS) throw new Error(`${type.fullName}: tag ${field.tag} does not fit the table`);
  return { name: shortName(type), fields };
}

function render(messages) {
  const types = messages.map((type) => describe(type, messages));
  const lines = [
    '// Generated from proto/ by scripts/generate-tags.mjs; do not edit. Whole tags: field number << 3 | wire type.',
    '// A repeated scalar has two: packed under its own name, and `_ONE` for a single element.',
    '',
    '/** What the structural walk does with a known field; from MESSAGE on: walks message number action - MESSAGE. */',
    'export const enum Action {',
    '  UNKNOWN = 0,',
    `  VARINT = ${VARINT},`,
    `  FIXED64 = ${FIXED64},`,
    `  FIXED32 = ${FIXED32},`,
    `  BYTES = ${BYTES},`,
    `  PACKED_FIXED64 = ${PACKED_FIXED64},`,
    `  PACKED_VARINT = ${PACKED_VARINT},`,
    `  STRING = ${STRING},`,
    `  MESSAGE = ${MESSAGE},`,
    '}',
    '',
    '/** Numbers of the messages in the table. */',
    'export const enum Message {',
    ...types.map((type, i) => `  ${constant(type.name)} = ${i},`),
    '}',
    `export const MESSAGES = ${types.length};`,
    '/** Tags below this stand in the table. */',
    `export const TABLE_TAGS = ${TABLE_TAGS};`,
    '',
  ];
  for (const { name, fields } of types) {
    lines.push(`export const enum ${name} {`, ...fields.map((f) => `  ${f.name} = ${hex(f.tag)},`), '}', '');
  }
  const rows = types.map(
    ({ name, fields }, i) => `  ${fields.map((f) => `${i}, ${hex(f.tag)}, ${f.action},`).join(' ')} // ${name}`,
  );
  const count = types.reduce((n, type) => n + type.fields.length, 0);
  lines.push(
    '// prettier-ignore',
    '/** u8[3] each: message, tag, action. */',
    'export const FIELDS: usize = memory.data<u8>([',
    ...rows,
    ']);',
    `export const FIELD_COUNT = ${count};`,
    '',
  );
  return lines.join('\n');
}

const text = render(reachable(load()));
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('assembly/wire/tags.ts is out of date: run node scripts/generate-tags.mjs');
    process.exit(1);
  }
} else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  writeFileSync(target, text);
}
