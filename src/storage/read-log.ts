// Looks into a log without touching it.
import { join } from 'node:path';
import { DISK, type Disk } from './disk.js';
import { readSegment } from './read-segment.js';
import { segmentNumber } from './segment.js';

export interface LogContent {
  /** Metadata of requests that are not done, in the order in which they were appended. */
  readonly left: readonly { readonly id: number; readonly meta: Buffer; readonly bodyBytes: number }[];
  /** Of all files. */
  readonly bytes: number;
  readonly damaged: number;
  readonly tornBytes: number;
}

export async function readLog(directory: string, disk: Disk = DISK): Promise<LogContent> {
  const left = new Map<number, { id: number; meta: Buffer; bodyBytes: number }>();
  const done: number[] = [];
  let [bytes, damaged, tornBytes] = [0, 0, 0];
  const names = (await disk.list(directory)).filter((name) => segmentNumber(name) !== undefined);
  for (const name of names.toSorted()) {
    const file = await disk.openReadOnly(join(directory, name));
    try {
      const found = await readSegment(file);
      bytes += found.fileBytes;
      damaged += found.damaged;
      tornBytes += found.fileBytes - found.end;
      done.push(...found.done);
      for (const { header, meta } of found.requests)
        left.set(header.id, { id: header.id, meta, bodyBytes: header.length - header.metaBytes });
    } finally {
      await file.close();
    }
  }
  for (const id of done) left.delete(id);
  return { left: [...left.values()].toSorted((a, b) => a.id - b.id), bytes, damaged, tornBytes };
}
