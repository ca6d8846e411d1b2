// What is told is told once, also when the process is killed: the state may be a minute old, what was told is not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { decodeAlerts } from '../../../src/detection/state/open-alerts.js';
import { alertsName } from '../../../src/processors/anomaly/storage.js';
import type { Event } from '../../support/anomaly.js';
import { fault, shopRequest } from '../../support/shop.js';
import { FILE, MemoryStorage, MIXED, mixedStream, type Send, Stored } from '../../support/stored.js';

const ALERTS = alertsName({ type: 'anomaly', name: '' });
const ID = 'anomaly.event.id';
const WINDOWS = 340;
/** Requests of each window: 4, 2 more every sixth, 1 more from window 230 on. */
const sends = mixedStream(WINDOWS);
const sendsOf = (windows: number): number => 4 * windows + 2 * Math.ceil(windows / 6) + Math.max(0, windows - 230);

function copyOf({ files }: MemoryStorage): MemoryStorage {
  const copy = new MemoryStorage();
  for (const [name, bytes] of files) copy.files.set(name, bytes);
  return copy;
}

async function live(storage: MemoryStorage, part: readonly Send[]): Promise<Stored> {
  const one = new Stored(storage, { ...MIXED, cool_down: '0s', checkpoint_interval: '1h' }, { live: true });
  await one.processor.start();
  for (const send of part) await one.send(send);
  while (one.processor.status().backlogBytes > 0) await turn();
  return one;
}

/** Learns up to a window, is checkpointed there, goes on to another, and is killed there. */
async function killed(checkpointAt: number, killAt: number): Promise<{ before: Event[]; after: Event[] }> {
  const storage = new MemoryStorage();
  const first = await live(storage, sends.slice(0, sendsOf(checkpointAt)));
  await first.processor.shutdown();
  assert.deepEqual([...storage.files.keys()], [FILE], 'a clean stop leaves nothing but the checkpoint');
  const second = await live(storage, sends.slice(sendsOf(checkpointAt), sendsOf(killAt)));
  for (let i = 0; i < 50; i++) await turn();
  const left = copyOf(storage);
  const before = [...first.sink.events, ...second.sink.events];
  await second.processor.shutdown();
  const third = await live(left, sends.slice(sendsOf(killAt)));
  await third.processor.shutdown();
  return { before, after: third.sink.events };
}

/** As a receiver that drops what it has seen. */
function once(events: readonly Event[]): Event[] {
  return [...new Map(events.map((event) => [event.attributes[ID], event])).values()];
}

const subject = ({ name, attributes: of }: Event): string =>
  JSON.stringify([name, of.src_service, of.dst_service, of.namespace, of['px.cluster.id'], of['incident.id']]);

/** Begins and ends of each edge's anomalies and of each incident, in the order told. */
function courses(events: readonly Event[]): Map<string, string[]> {
  const courses = new Map<string, string[]>();
  for (const event of events) {
    const state = String(event.attributes['anomaly.state']);
    if (!['started', 'resolved', 'opened', 'closed'].includes(state)) continue;
    const key =
      event.name === 'px.anomaly.incident'
        ? subject(event)
        : subject({ ...event, attributes: { ...event.attributes, 'incident.id': undefined } });
    courses.set(key, [...(courses.get(key) ?? []), state]);
  }
  return courses;
}

function assertToldOnce({ before, after }: { before: Event[]; after: Event[] }): void {
  for (const [who, states] of courses(once([...before, ...after]))) {
    states.forEach((state, i) => {
      const isBegin = state === 'started' || state === 'opened';
      assert.equal(isBegin, i % 2 === 0, `${who}: ${states.join(', ')}`);
    });
  }
}

test('every event has an id of its own, the same in every run', async () => {
  const run = async (): Promise<Event[]> => {
    const one = new Stored(undefined, { ...MIXED, ongoing_events: true });
    await one.processor.start();
    for (const send of sends) await one.send(send);
    await one.processor.flush();
    await one.processor.shutdown();
    return one.sink.events;
  };
  const [events, again] = [await run(), await run()];
  assert.ok(events.some(({ attributes }) => attributes['anomaly.state'] === 'ongoing'));
  const ids = events.map(({ attributes }) => String(attributes[ID]));
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    again.map(({ attributes }) => attributes[ID]),
    ids,
  );
});

describe('after a kill', () => {
  // Window 240: a latency fault begins, 262: it ends; 300 to 306: errors.
  for (const [checkpointAt, killAt] of [
    [236, 243],
    [236, 250],
    [239, 241],
    [242, 255],
    [250, 270],
    [298, 303],
    [298, 312],
  ] as const) {
    test(`in window ${killAt}, with a state of window ${checkpointAt}: no alert is told twice`, async () => {
      assertToldOnce(await killed(checkpointAt, killAt));
    });
  }

  test('an open incident goes on as the same incident', async () => {
    const { before, after } = await killed(236, 250);
    const opened = before.filter(({ attributes }) => attributes['anomaly.state'] === 'opened');
    assert.equal(opened.length, 1);
    const [incident] = opened;
    const later = after.filter(({ name, time }) => name === 'px.anomaly.incident' && time < incident!.time + 400);
    assert.ok(later.length > 0);
    for (const { attributes } of later) {
      assert.equal(attributes['incident.id'], incident!.attributes['incident.id']);
      assert.equal(attributes['incident.started'], incident!.attributes['incident.started']);
    }
    assert.equal(later.at(-1)!.attributes['anomaly.state'], 'closed');
  });

  test('what is not found again is told to be over', async () => {
    const { before, after } = await killed(236, 261);
    const states = courses(once([...before, ...after]));
    assert.ok(states.size > 1);
    for (const [who, course] of states) assert.equal(course.length % 2, 0, `${who}: ${course.join(', ')}`);
  });

  test('a file of alerts that cannot be read is no reason not to start', async () => {
    const storage = new MemoryStorage();
    storage.files.set(ALERTS, Buffer.from('{"format":7}'));
    const one = await live(storage, sends.slice(0, 40));
    assert.ok(one.processor.status().edges > 0);
    await one.processor.shutdown();
  });
});

describe('field case 05: an edge that is still silent when the process is killed', () => {
  const [SILENT, BACK, END] = [900, 990, 1000];
  const silence = fault(SILENT, BACK, 1, () => undefined);
  const requests = Array.from({ length: END }, (_, i): Send => ({ signal: 'metrics', body: shopRequest(i, silence) }));
  const statesOf = (events: readonly Event[]): unknown[] =>
    once(events)
      .filter(({ name }) => name === 'px.anomaly.network.throughput_drop')
      .map(({ attributes }) => attributes['anomaly.state']);

  // Its anomaly ends about window 963: the state is from before or from after that.
  for (const checkpointAt of [958, 968]) {
    test(`is told to be back, with a state of window ${checkpointAt}`, async () => {
      const storage = new MemoryStorage();
      const first = await live(storage, requests.slice(0, checkpointAt));
      await first.processor.shutdown();
      const second = await live(storage, requests.slice(checkpointAt, 980));
      for (let i = 0; i < 50; i++) await turn();
      const left = copyOf(storage);
      const before = [...first.sink.events, ...second.sink.events];
      await second.processor.shutdown();
      assert.deepEqual(statesOf(before), ['started', 'resolved']);
      // The file is written with what is told: since the later state nothing was.
      const file = left.files.get(ALERTS);
      assert.equal(file !== undefined, checkpointAt < 963);
      if (file) assert.match(Buffer.from(file).toString(), /"silences":\[\{/);
      const third = await live(left, requests.slice(980));
      await third.processor.shutdown();
      assert.ok(statesOf(third.sink.events).includes('returned'), statesOf(third.sink.events).join());
    });
  }

  test('an alerts file of before knows of no silence', () => {
    const empty = { format: 1, anomalies: [], incidents: [], unexpected: [], groups: [] };
    assert.deepEqual(decodeAlerts(Buffer.from(JSON.stringify(empty))).silences, []);
  });
});

test('an alert is told only after storage knows of it', async () => {
  const storage = new MemoryStorage();
  const one = await live(storage, sends.slice(0, sendsOf(239)));
  const told = one.sink.events.length;
  const waiting: (() => void)[] = [];
  const write = storage.writeAtomic.bind(storage);
  storage.writeAtomic = async (name, ...parts) => {
    if (name === ALERTS) await new Promise<void>((resolve) => void waiting.push(resolve));
    return write(name, ...parts);
  };
  for (const send of sends.slice(sendsOf(239), sendsOf(246))) await one.send(send);
  while (one.processor.status().backlogBytes > 0) await turn();
  for (let i = 0; i < 50; i++) await turn();
  assert.ok(waiting.length > 0);
  assert.equal(one.sink.events.length, told);
  storage.writeAtomic = write;
  for (const go of waiting) go();
  for (let i = 0; i < 50; i++) await turn();
  assert.ok(one.sink.events.length > told);
  assert.match(Buffer.from(storage.files.get(ALERTS)!).toString(), /"anomalies":\[\{/);
  await one.processor.shutdown();
});
