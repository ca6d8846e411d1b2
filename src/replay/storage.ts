// Where `--checkpoint` keeps what was learnt: a directory that a gateway's file_storage can be pointed at.
import type { Settings } from '../config/settings.js';
import { schema } from '../extensions/file-storage/config.js';
import { FileStorage } from '../extensions/file-storage/file-storage.js';
import { RecordingError } from './readers/recorded.js';

const DIRECTORY_MODE = 0o750;

export interface ReplayStorage {
  readonly settings: Settings;
  /** Lets go of the directory. */
  close(): Promise<void>;
}

/**
 * The settings of a processor that finds its checkpoint in the directory, and leaves it there. Throws `RecordingError`.
 */
export async function withStorage(settings: Settings, directory: string): Promise<ReplayStorage> {
  const id = { type: 'file_storage', name: '' };
  const storage = new FileStorage(
    { ...settings, id },
    { ...schema.parse({ directory }), directory_permissions: DIRECTORY_MODE },
  );
  try {
    await storage.start();
  } catch (error) {
    throw new RecordingError(directory, (error as Error).message, { cause: error });
  }
  return { settings: { ...settings, extension: () => storage }, close: () => storage.shutdown() };
}
