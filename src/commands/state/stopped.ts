// The state of a gateway that is stopped: the checkpoints in the directory of its file_storage.
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoppedState } from '../../detection/state/stopped.js';
import { openStoppedState } from '../../processors/anomaly/stopped-state.js';
import { DirectoryLock } from '../../storage/index.js';
import type { StateSource } from './source.js';

/** How long it waits for a gateway that is just ending; ms. */
const LOCK_MS = 1_000;

const NAME = /^processor\.(.+)\.checkpoint$/;

export function stoppedGateway(directory: string): StateSource {
  return {
    list: async (wanted) => {
      const found = await checkpoints(directory, wanted.processor);
      return Promise.all(
        found.map(async ({ processor, path }) => ({ processor, state: (await opened(path)).list(wanted) })),
      );
    },
    forget: async (wanted) => {
      const [first, ...others] = await checkpoints(directory, wanted.processor);
      if (others.length > 0) throw new Error('there are several checkpoints: say which with --processor');
      const state = await opened(first!.path);
      const forgotten = state.forget(wanted);
      if (!wanted.isDryRun) await withLock(directory, async () => replace(first!.path, await state.encode()));
      const unsent = state.unsent.reduce((sum, { events }) => sum + (events?.items ?? 0), 0);
      return { processor: first!.processor, forgotten, unsent };
    },
  };
}

/** Refuses where a gateway runs: what it knows would be written over this. */
async function withLock(directory: string, work: () => Promise<void>): Promise<void> {
  const lock = await DirectoryLock.take(directory, LOCK_MS);
  try {
    await work();
  } finally {
    await lock.release();
  }
}

interface FoundCheckpoint {
  readonly processor: string;
  readonly path: string;
}

/** At least one. */
async function checkpoints(directory: string, wanted: string | undefined): Promise<FoundCheckpoint[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${directory} cannot be read: ${error.code ?? error.message}`);
  });
  const all = names.flatMap((name) => {
    const id = NAME.exec(name)?.[1];
    return id === undefined ? [] : [{ processor: id.replaceAll('-2f-', '/'), path: join(directory, name) }];
  });
  const found = wanted === undefined ? all : all.filter(({ processor }) => processor === wanted);
  if (found.length > 0) return found;
  throw new Error(
    all.length === 0
      ? `${directory} holds no checkpoint (processor.….checkpoint)`
      : `${directory} holds no checkpoint of ${wanted}; there is ${all.map(({ processor }) => processor).join(', ')}`,
  );
}

async function opened(path: string): Promise<StoppedState> {
  try {
    return await openStoppedState(await readFile(path));
  } catch (error) {
    throw new Error(`${path} is not used: ${(error as Error).message}`);
  }
}

/** The old file or the new one, whatever happens. */
async function replace(path: string, parts: readonly Uint8Array[]): Promise<void> {
  await writeFile(`${path}.tmp`, parts, { mode: 0o600, flush: true });
  await rename(`${path}.tmp`, path);
}
