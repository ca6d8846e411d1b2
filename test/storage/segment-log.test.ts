import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DiskBudget, LogFullError, type LogOptions, SegmentLog, type StoredRequest } from '../../src/storage/index.js';
import { MemoryDisk } from '../support/memory-disk.js';
import fc from '../support/property.js';

const DIRECTORY = '/queue';

class Events {
  places = 0;
  bytesTorn = 0;
  readonly codes: string[] = [];
  lastSize = 0;
  readonly damaged = (places: number): void => {
    this.places += places;
  };
  readonly torn = (bytes: number): void => {
    this.bytesTorn += bytes;
  };
  readonly writeFailed = (code: string): void => void this.codes.push(code);
  readonly flushed = (): void => {};
  readonly size = (bytes: number): void => {
    this.lastSize = bytes;
  };
}

/** A log on a disk; `left` is what it found there, as texts. */
async function open(disk: MemoryDisk, more: Partial<LogOptions> = {}) {
  const events = new Events();
  const budget = more.budget ?? new DiskBudget(2 ** 40);
  const log = new SegmentLog({
    directory: DIRECTORY,
    segmentBytes: 1 << 20,
    fsync: true,
    budget,
    events,
    disk,
    // A test that a busy machine holds up for a second is the same test.
    doneAfterMs: 3_600_000,
    ...more,
  });
  const found = await log.open();
  const left = await Promise.all(found.map(async ({ request }) => (await log.read(request)).toString()));
  return { log, events, budget, found, left };
}

const append = (log: SegmentLog, text: string, meta = ''): Promise<StoredRequest> =>
  log.append(Buffer.from(meta), Buffer.from(text));

async function write(disk: MemoryDisk, texts: readonly string[]): Promise<StoredRequest[]> {
  const { log } = await open(disk);
  const stored: StoredRequest[] = [];
  // One group each, so that the file is the same however the event loop turns.
  for (const text of texts) stored.push(await append(log, text, `meta of ${text}`));
  return stored;
}

const only = (disk: MemoryDisk): [string, { bytes: Buffer; flushed: Buffer }] => [...disk.files][0]!;

function copyWith(bytes: Buffer, path: string): MemoryDisk {
  const disk = new MemoryDisk();
  disk.files.set(path, { bytes, flushed: bytes });
  return disk;
}

describe('a segment log', () => {
  it('gives back what was appended and not completed, in order, with its metadata', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    const stored = await Promise.all(['a', 'b', 'c', 'd'].map((text) => append(log, text, `m${text}`)));
    assert.deepEqual(
      stored.map(({ id }) => id),
      [1, 2, 3, 4],
    );
    assert.equal((await log.read(stored[2]!)).toString(), 'c');
    log.complete(stored[1]!);
    log.complete(stored[1]!);
    await log.close();
    const again = await open(disk);
    assert.deepEqual(again.left, ['a', 'c', 'd']);
    assert.deepEqual(
      again.found.map(({ meta }) => meta.toString()),
      ['ma', 'mc', 'md'],
    );
    assert.equal((await append(again.log, 'e')).id > 4, true, 'ids are not used twice');
  });

  it('leaves nothing on the disk when nothing waits', async () => {
    const disk = new MemoryDisk();
    const { log, budget } = await open(disk);
    log.complete(await append(log, 'a'));
    await log.close();
    assert.equal(disk.files.size, 0);
    assert.equal(budget.used, 0);
  });

  it('is safe only when it is flushed: what was told so survives a loss of power', async () => {
    const disk = new MemoryDisk();
    let flushed = (): void => {};
    disk.flushing = undefined;
    const { log } = await open(disk);
    await append(log, 'first');
    disk.flushing = new Promise((resolve) => {
      flushed = resolve;
    });
    let told = false;
    const second = append(log, 'second').then(() => {
      told = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(told, false);
    flushed();
    await second;
    disk.crash();
    assert.deepEqual((await open(disk)).left, ['first', 'second']);
  });

  it('shares a flush between requests that come while the disk is busy, and writes while it flushes', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    await append(log, 'first');
    let go = (): void => {};
    disk.flushing = new Promise((resolve) => {
      go = resolve;
    });
    const before = { writes: disk.writes, flushes: disk.flushes };
    const waiting: Promise<StoredRequest>[] = [];
    for (let i = 0; i < 20; i++) {
      waiting.push(append(log, `${i}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(disk.writes > before.writes + 1, 'later groups are written during the flush');
    assert.equal(disk.flushes, before.flushes + 1);
    go();
    const ids = (await Promise.all(waiting)).map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.equal(disk.flushes, before.flushes + 2);
  });

  it('recovers every prefix of a file to a prefix of the requests', async () => {
    const texts = ['alpha', 'beta', 'gamma', 'delta'];
    const disk = new MemoryDisk();
    await write(disk, texts);
    const [path, { bytes }] = only(disk);
    let whole = 0;
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { left, events } = await open(copyWith(Buffer.from(bytes.subarray(0, cut)), path));
      assert.deepEqual(left, texts.slice(0, left.length), `cut at ${cut}`);
      assert.ok(left.length >= whole, 'more bytes, no fewer requests');
      whole = left.length;
      assert.ok(events.places <= (cut >= 24 ? 0 : 1), `cut at ${cut}: ${events.places}`);
    }
    assert.equal(whole, texts.length);
  });

  it('loses at most one request to a flipped byte, and counts it', async () => {
    const texts = ['alpha', 'beta', 'gamma', 'delta'];
    const disk = new MemoryDisk();
    await write(disk, texts);
    const [path, { bytes }] = only(disk);
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= mask;
        const { left, events } = await open(copyWith(flipped, path));
        const lost = texts.filter((text) => !left.includes(text));
        assert.ok(lost.length <= 1, `byte ${at}: lost ${lost.join()}`);
        assert.deepEqual(
          left,
          texts.filter((text) => !lost.includes(text)),
        );
        if (lost.length === 1) assert.ok(events.places === 1 || events.bytesTorn > 0, `byte ${at} is not counted`);
      }
    }
  });

  it('recovers from any damage: never throws, invents nothing, and takes new requests', async () => {
    const disk = new MemoryDisk();
    const texts = Array.from({ length: 12 }, (_, i) => `request ${i} ${'x'.repeat(i * 7)}`);
    await write(disk, texts);
    const [path, { bytes }] = only(disk);
    const damage = fc.record({
      edits: fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 })), {
        maxLength: 6,
      }),
      cut: fc.option(fc.nat(bytes.length)),
      tail: fc.uint8Array({ maxLength: 64 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ edits, cut, tail }) => {
        const changed = Buffer.from(bytes);
        for (const [at, piece] of edits) changed.set(piece.subarray(0, changed.length - at), at);
        const file = Buffer.concat([cut === null ? changed : changed.subarray(0, cut), tail]);
        const spoilt = copyWith(file, path);
        const { log, left } = await open(spoilt);
        assert.ok(left.every((text) => texts.includes(text)));
        assert.deepEqual(
          left,
          texts.filter((text) => left.includes(text)),
          'in order',
        );
        await append(log, 'new');
        await log.close();
        assert.deepEqual((await open(spoilt)).left, [...left, 'new']);
      }),
      { numRuns: 300, seed: 18 },
    );
  });

  it('a body that looks like a record is not one, even behind a damaged header', async () => {
    const other = new MemoryDisk();
    await write(other, ['forged']);
    const forged = only(other)[1].bytes.subarray(24);
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    await log.append(Buffer.alloc(0), forged);
    await append(log, 'real');
    const [path, { bytes }] = only(disk);
    const flipped = Buffer.from(bytes);
    flipped[24 + 20]! ^= 1;
    const { left, events } = await open(copyWith(flipped, path));
    assert.deepEqual(left, ['real']);
    assert.equal(events.places, 1);
  });

  it('keeps a file aside of which it understands nothing', async () => {
    const disk = copyWith(Buffer.from(`PXQUEUE9${'?'.repeat(200)}`), `${DIRECTORY}/0000000000000007.seg`);
    const { log, left, events } = await open(disk);
    assert.deepEqual(left, []);
    assert.equal(events.places, 1);
    await append(log, 'a');
    assert.deepEqual(
      [...disk.files.keys()].toSorted(),
      [`${DIRECTORY}/0000000000000007.seg.bad`, `${DIRECTORY}/0000000000000008.seg`],
      'and its number is not used again',
    );
  });

  it('gives files back from the front, and ends small', async () => {
    const disk = new MemoryDisk();
    const { log, budget } = await open(disk, { segmentBytes: 1_000 });
    const stored: StoredRequest[] = [];
    for (let i = 0; i < 50; i++) stored.push(await append(log, 'x'.repeat(400)));
    const most = disk.files.size;
    assert.ok(most > 10);
    assert.equal(budget.used, disk.used);
    for (const request of stored) log.complete(request);
    for (let i = 0; i < 10; i++) log.complete(await append(log, 'y'));
    await log.close();
    assert.equal(disk.files.size, 0);
    assert.equal(budget.used, 0);
  });

  it('one request that is stuck does not keep the disk: it is written anew, once', async () => {
    const disk = new MemoryDisk();
    const { log, budget } = await open(disk, { segmentBytes: 1_000 });
    const stuck = await append(log, 'stuck', 'its meta');
    for (let i = 0; i < 60; i++) log.complete(await append(log, 'x'.repeat(400)));
    assert.ok(disk.files.size < 12, `${disk.files.size} files`);
    assert.equal((await log.read(stuck)).toString(), 'stuck');
    assert.equal(budget.used, disk.used);
    await log.close();
    const again = await open(disk, { segmentBytes: 1_000 });
    assert.deepEqual(again.left, ['stuck']);
    assert.equal(again.found[0]?.meta.toString(), 'its meta');
    assert.equal(again.found[0]?.request.id, stuck.id);
  });

  it('refuses beyond its bound, and takes again when something is done', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk, { segmentBytes: 1_000, budget: new DiskBudget(5_000) });
    const stored: StoredRequest[] = [];
    while (log.hasRoom(400)) stored.push(await append(log, 'x'.repeat(400)));
    assert.ok(stored.length >= 8 && disk.used <= 5_000);
    assert.throws(() => append(log, 'x'.repeat(400)), LogFullError);
    for (const request of stored.slice(0, 6)) log.complete(request);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(log.hasRoom(400));
  });

  it('a full disk: refuses, goes on reading, has room again when something is done, and loses nothing', async () => {
    const disk = new MemoryDisk();
    disk.capacity = 6_000;
    const { log, events } = await open(disk, { segmentBytes: 1_000 });
    const stored = new Map<string, StoredRequest>();
    const fill = async (name: string, tries: number): Promise<number> => {
      let refused = 0;
      for (let i = 0; i < tries; i++) {
        const text = `${name} ${i} ${'x'.repeat(300)}`;
        await append(log, text).then(
          (request) => stored.set(text, request),
          () => refused++,
        );
        // It rests after a failure; a test need not.
        if (!log.hasRoom(1)) await new Promise((resolve) => setTimeout(resolve, 510));
        if (refused > 0) break;
      }
      return refused;
    };
    assert.equal(await fill('before', 40), 1);
    assert.deepEqual([...new Set(events.codes)], ['ENOSPC']);
    for (const [text, request] of stored) assert.equal((await log.read(request)).toString(), text);
    for (const [text, request] of [...stored].slice(0, 8)) {
      log.complete(request);
      stored.delete(text);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = stored.size;
    await fill('after', 6);
    assert.ok(stored.size > before, 'room again');
    const again = await open(disk, { segmentBytes: 1_000 });
    assert.deepEqual(
      [...stored.keys()].filter((text) => !again.left.includes(text)),
      [],
    );
  });

  it('a full disk with one short file has room again when all of it is done', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    const stored = [await append(log, 'a'), await append(log, 'b')];
    disk.capacity = disk.used;
    await assert.rejects(append(log, 'c'), /ENOSPC/);
    for (const request of stored) log.complete(request);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(log.hasRoom(1));
    assert.ok(await append(log, 'd'));
    assert.deepEqual((await open(disk)).left, ['d']);
  });

  it('starts on a full disk, delivers, and has room again', async () => {
    const disk = new MemoryDisk();
    await write(disk, ['a', 'b']);
    disk.capacity = disk.used;
    const { log, left, found } = await open(disk);
    assert.deepEqual(left, ['a', 'b']);
    await assert.rejects(append(log, 'c'), /ENOSPC/);
    for (const { request } of found) log.complete(request);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(disk.files.size, 0);
    disk.capacity = 10_000;
    assert.ok(await append(log, 'd'));
  });

  it('after a flush that failed nothing is promised of that file any more', async () => {
    const disk = new MemoryDisk();
    const { log, events } = await open(disk);
    await append(log, 'safe');
    disk.flushFails = 'EIO';
    await assert.rejects(append(log, 'lost'), /EIO/);
    assert.deepEqual(events.codes, ['EIO']);
    disk.flushFails = undefined;
    await new Promise((resolve) => setTimeout(resolve, 510));
    await append(log, 'later');
    assert.equal(disk.files.size, 2, 'in a file of its own');
    disk.crash();
    assert.deepEqual((await open(disk)).left, ['safe', 'later']);
  });

  it('tells at reading when the disk gives back something else', async () => {
    const disk = new MemoryDisk();
    const { log } = await open(disk);
    const request = await append(log, 'precious');
    const content = only(disk)[1];
    content.bytes[content.bytes.length - 1]! ^= 1;
    await assert.rejects(log.read(request), /damaged/);
  });

  it('a model of appends, completions, crashes and restarts: nothing acknowledged is lost, all in order', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.nat(600) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('complete' as const), which: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'restart' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const disk = new MemoryDisk();
        const options = { segmentBytes: 900 };
        let current = await open(disk, options);
        let owed: { text: string; request: StoredRequest }[] = [];
        const gone = new Set<string>();
        let n = 0;
        for (const one of steps) {
          if (one.kind === 'append') {
            const text = `${n++} ${'x'.repeat(one.bytes)}`;
            owed.push({ text, request: await append(current.log, text) });
          } else if (one.kind === 'complete') {
            const [done] = owed.splice(one.which % Math.max(1, owed.length), 1);
            if (!done) continue;
            current.log.complete(done.request);
            gone.add(done.text);
          } else {
            if (one.kind === 'crash') disk.crash();
            else await current.log.close();
            current = await open(disk, options);
            // A crash may bring back what was done a moment ago, never lose what was not.
            assert.deepEqual(
              current.left.filter((text) => !gone.has(text) || one.kind === 'restart'),
              owed.map(({ text }) => text),
            );
            for (const text of current.left) gone.delete(text);
            owed = current.found.map(({ request }, i) => ({ text: current.left[i]!, request }));
          }
        }
      }),
      { numRuns: 200, seed: 18 },
    );
  });
});
