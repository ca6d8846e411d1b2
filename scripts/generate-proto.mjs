// Writes build/proto/: otlp.{js,d.ts}, static protobufjs code of the OTLP requests, responses and google.rpc.Status,
// and fields.{js,d.ts}, a table of every message's fields that drives the OTLP/JSON transcoder.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const files = ['metrics', 'trace', 'logs'].map((s) => `proto/opentelemetry/proto/collector/${s}/v1/${s}_service.proto`);
files.push('proto/google/rpc/status.proto');

function run(script, args) {
  const result = spawnSync(process.execPath, [`node_modules/protobufjs-cli/bin/${script}`, ...args], {
    stdio: ['inherit', 'pipe', 'inherit'],
    maxBuffer: 64 << 20,
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  return result.stdout.toString();
}

/** The declarations come from the comments of the code, which the code that is loaded at run time does not need. */
function staticCode() {
  const flags = ['--no-service', '--no-verify', '--no-delimited', '--no-typeurl', '--force-long', '-p', 'proto'];
  const target = ['-t', 'static-module', '-w', 'esm', ...flags];
  const scratch = mkdtempSync(join(tmpdir(), 'generate-proto-'));
  const commented = join(scratch, 'otlp.js');
  run('pbjs', [...target, '-o', commented, ...files]);
  run('pbts', ['-o', 'build/proto/otlp.d.ts', commented]);
  run('pbjs', [...target, '--no-comments', '-o', 'build/proto/otlp.js', ...files]);
  tolerateInvalidUtf8('build/proto/otlp.js');
  rmSync(scratch, { recursive: true });
}

/**
 * Senders do send strings that are not UTF-8 (Pixie: names out of HTTP headers): what is wrong becomes U+FFFD in the
 * one string, and the message is read. It is forwarded as it came; what we write is UTF-8 in any case.
 */
function tolerateInvalidUtf8(file) {
  const code = readFileSync(file, 'utf8');
  if (!code.includes('.stringVerify()')) throw new Error('pbjs does not read strings by stringVerify any more');
  writeFileSync(file, code.replaceAll('.stringVerify()', '.string()'));
}

/** Every message and enum below a namespace as [full name, description]. */
function* types(namespace, path = '') {
  for (const [name, child] of Object.entries(namespace.nested ?? {})) {
    const full = path === '' ? name : `${path}.${name}`;
    if (child.fields || child.values) yield [full, child];
    yield* types(child, full);
  }
}

/** The full name that `reference` means inside the message `scope`: the innermost scope that has it. */
function resolve(reference, scope, known) {
  for (let path = scope; ; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const full = path === '' ? reference : `${path}.${reference}`;
    if (known.has(full)) return full;
    if (path === '') return undefined;
  }
}

/**
 * The oneof that the field is a member of; `optional` makes one of its own. Fields in none have no presence: 0 is
 * absent.
 */
function choice(type, name, field) {
  const [oneof] = Object.entries(type.oneofs ?? {}).find(([, group]) => group.oneof.includes(name)) ?? [];
  return oneof ?? (field.options?.proto3_optional ? `_${name}` : '');
}

function fieldTables() {
  const known = new Map(types(JSON.parse(run('pbjs', ['-t', 'json', '-p', 'proto', ...files]))));
  const messages = {};
  const enums = {};
  for (const [full, type] of known) {
    if (type.values) enums[full] = type.values;
    else
      messages[full] = Object.entries(type.fields)
        .map(([name, f]) => [
          f.id,
          name,
          resolve(f.type, full, known) ?? f.type,
          f.rule === 'repeated',
          choice(type, name, f),
        ])
        .sort((a, b) => a[0] - b[0]);
  }
  const text = `export const MESSAGES = ${JSON.stringify(messages)};\nexport const ENUMS = ${JSON.stringify(enums)};\n`;
  writeFileSync('build/proto/fields.js', text);
  writeFileSync(
    'build/proto/fields.d.ts',
    `/** By full name: [field number, JSON name, scalar type or full name, repeated, oneof or ''], in the order of the numbers. */
export declare const MESSAGES: Readonly<Record<string, readonly (readonly [number, string, string, boolean, string])[]>>;
/** By full name: the values by name. */
export declare const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>>;
`,
  );
}

mkdirSync('build/proto', { recursive: true });
staticCode();
fieldTables();
