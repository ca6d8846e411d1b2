// Where `--checkpoint` keeps what was learnt: a directory that a gateway's file_storage can be pointed at.
import type { Settings } from '../config/settings.js';
import { FileStorage } from '../extensions/file-storage/file-storage.js';
import { RecordingError } from './readers/recorded.js';

const DIRECTORY_MODE = 0o750;

/** The settings of a processor that finds its checkpoint in the directory, and leaves it there. Throws `RecordingError`. */
export async function withStorage(settings: Settings, directory: string): Promise<Settings> {
  const id = { type: 'file_storage', name: '' };
  const storage = new FileStorage(
    { ...settings, id },
    { directory, create_directory: true, directory_permissions: DIRECTORY_MODE, fsync: true },
  );
  try {
    await storage.start();
  } catch (error) {
    throw new RecordingError(directory, (error as Error).message, { cause: error });
  }
  return { ...settings, extension: () => storage };
}
