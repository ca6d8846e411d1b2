// Where texts of a configuration come from: files, environment variables, the command line.
import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Retrieved {
  readonly text: string;
  /** Name for messages. */
  readonly name: string;
  /** Something worth saying that does not stop the start. */
  readonly warning?: string;
}

const SCHEMES = ['env', 'file', 'yaml'];
const VARIABLE = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function fromEnvironment(reference: string, env: Environment): Retrieved {
  const [, name = '', fallback] = /^([^:]*)(?::-([\s\S]*))?$/.exec(reference) ?? [];
  if (!VARIABLE.test(name)) {
    throw new Error(
      `"${reference}" is no name of an environment variable (letters, digits and underscores, no digit first)`,
    );
  }
  const value = env[name];
  const text = value ?? fallback;
  if (text !== undefined) return { text, name: `env:${name}` };
  return {
    text: '',
    name: `env:${name}`,
    warning: `environment variable ${name} is not set; an empty value stands in`,
  };
}

/**
 * Why a file cannot be read, by code of the error; `configuration`: it is a whole one, which somebody has to write
 * first.
 */
function reasonOf({ code, message }: NodeJS.ErrnoException, path: string, configuration: boolean): string {
  if (code === 'ENOENT')
    return `there is no such file${configuration ? `; ${path === IMAGE_CONFIG ? IN_THE_IMAGE : 'npx pxanomaly init writes one to begin with'}` : ''}`;
  if (code === 'EISDIR' && configuration)
    return 'it is a directory: a container engine makes one where the file to mount is not there';
  return message;
}

/** Where the image looks for its configuration (Dockerfile). */
const IMAGE_CONFIG = '/etc/pxanomaly/config.yaml';
const IN_THE_IMAGE =
  'mount one there: docker run --rm IMAGE init --output - > pxanomaly.yaml writes one to begin with, ' +
  'then docker run -v "$PWD/pxanomaly.yaml:/etc/pxanomaly/config.yaml:ro" IMAGE';

function fromFile(path: string, configuration: boolean): Retrieved {
  try {
    return { text: readFileSync(path, 'utf8'), name: path };
  } catch (cause) {
    const reason = reasonOf(cause as NodeJS.ErrnoException, path, configuration);
    throw new Error(`${path} cannot be read: ${reason}`, { cause });
  }
}

/**
 * The text behind `scheme:rest`. Without a scheme it is `fallback`'s: a file for `--config`, a variable for `${…}`.
 * Throws an error whose message names what could not be had.
 */
export function retrieve(uri: string, fallback: 'env' | 'file', env: Environment): Retrieved {
  const [, scheme = '', rest = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]+):([\s\S]*)$/.exec(uri) ?? [];
  if (scheme === 'env') return fromEnvironment(rest, env);
  if (scheme === 'file') return fromFile(rest, fallback === 'file');
  if (scheme === 'yaml') return { text: rest, name: 'yaml:' };
  if (fallback === 'file' && !/^https?$/.test(scheme)) return fromFile(uri, true);
  // `${V:-default}` looks like a scheme and is none.
  if (scheme === '' || rest.startsWith('-')) return fromEnvironment(uri, env);
  throw new Error(`"${scheme}:" is no source of a configuration: ${SCHEMES.join(', ')} are`);
}
