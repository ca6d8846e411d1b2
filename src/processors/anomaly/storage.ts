// Where checkpoints go: an extension that keeps files, known by what it can do.
import type { Storage } from '../../detection/state/checkpoints.js';
import { type ComponentId, type Extension, formatId } from '../../pipeline/index.js';

/** The extension's storage. Throws where a name was given and there is none behind it. */
export function storageOf(find: (id: string) => Extension | undefined, id: string | undefined): Storage | undefined {
  const extension = find(id ?? 'file_storage') as (Extension & Partial<Storage>) | undefined;
  if (extension?.read && extension.writeAtomic && extension.remove) return extension as Storage;
  if (id === undefined) return undefined;
  throw new Error(`storage: "${id}" is no extension that stores; name a file_storage of service::extensions`);
}

/** File of a processor's checkpoint. */
export function checkpointName(id: ComponentId): string {
  return fileName(id, 'checkpoint');
}

/** File of the alerts that are told and not over. */
export function alertsName(id: ComponentId): string {
  return fileName(id, 'alerts');
}

/** Letters that every file system takes. */
function fileName(id: ComponentId, what: string): string {
  const plain = formatId(id).replace(/[^A-Za-z0-9_.-]/g, (letter) => `-${letter.codePointAt(0)?.toString(16)}-`);
  return `processor.${plain}.${what}`;
}
