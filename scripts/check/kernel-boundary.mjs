// What TypeScript knows of the kernel's memory is generated (src/kernel/generated): finds what was typed by hand again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const GENERATED = 'src/kernel/generated/';
/** Where the views are made, and where bytes are bytes: bodies, snapshots. */
const VIEWS = 'src/kernel/views.ts';

/** A number of the memory at a place, or a view over a part of it; `u8` are bytes of bodies and snapshots. */
const ACCESS =
  /\b(?:views|memory)\.(?:i8|u16|i32|u32|f32|f64|i64|u64)\b|\.(?:i8|u16|i32|u32|f32|f64|i64|u64)\s*(?:\[|\.(?:subarray|slice|set)\()/;
const VIEW =
  /new (?:Int8|Uint16|Int16|Uint32|Int32|Float32|Float64|BigInt64|BigUint64)Array\([^()]*(?:buffer|memory)\b[^()]*,/;
/** A signature of the kernel's that does not come from the generated ones. */
const RAW = /\.exports as unknown as (?!KernelExports\b)/;

function sources(root, folder) {
  const names = readdirSync(join(root, folder), { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
}

/** Names of the numbers that the kernel declares. */
function declared(root) {
  const text = readFileSync(join(root, GENERATED, 'constants.ts'), 'utf8');
  return new Set([...text.matchAll(/^export const (\w+) = /gm)].map((match) => match[1]));
}

/** Lines of a file without its comments. */
function codeOf(text) {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, '')).split('\n');
}

function wrongIn(path, line, names) {
  if (path.startsWith('src/kernel/') && path !== VIEWS && (ACCESS.test(line) || VIEW.test(line)))
    return 'reads the memory by hand: the record belongs into assembly/boundary.ts';
  if (RAW.test(line)) return 'gives the kernel signatures of its own';
  const [, name] = /^\s*(?:export )?(?:const|let) (\w+)(?::[^=]+)? = -?[\d.]/.exec(line) ?? [];
  return name && names.has(name) ? `declares ${name}, which the kernel declares (${GENERATED}constants.ts)` : undefined;
}

/** What is typed by hand although the build knows it, as sentences. */
export function checkKernelBoundary(root) {
  const names = declared(root);
  return sources(root, 'src').flatMap((path) => {
    if (path.startsWith(GENERATED)) return [];
    return codeOf(readFileSync(join(root, path), 'utf8')).flatMap((line, i) => {
      const wrong = wrongIn(path, line.replace(/\/\/.*$/, ''), names);
      return wrong ? [`${path}:${i + 1} ${wrong}`] : [];
    });
  });
}
