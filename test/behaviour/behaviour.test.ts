// Every case of the YAML files of this folder. README.md says how to read and write them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Case, readCases } from '../support/behaviour/case.js';
import { formatEvent, type SeenEvent } from '../support/behaviour/events.js';
import { type Expectation, parseExpectation } from '../support/behaviour/notation.js';
import { type Played, play } from '../support/behaviour/run.js';

function matches({ state, kind, edge, from, to }: Expectation, event: SeenEvent): boolean {
  return (
    state.test(event.state) && kind.test(event.kind) && edge.test(event.edge) && event.at >= from && event.at <= to
  );
}

function check(test: Case, { events }: Played): void {
  const told = events.map(formatEvent).join('\n  ');
  const expected = test.expect.map(parseExpectation);
  for (const one of expected)
    assert.ok(
      events.some((event) => matches(one, event)),
      `expected: ${one.text}\ntold:\n  ${told}`,
    );
  for (const one of test.never.map(parseExpectation)) {
    const found = events.find((event) => matches(one, event));
    assert.equal(found && formatEvent(found), undefined, `never: ${one.text}`);
  }
  if (test.only) checkOnly(expected, events);
  if (test.incidents !== undefined)
    assert.equal(
      events.filter(({ state, kind }) => kind === 'incident' && state === 'opened').length,
      test.incidents,
      told,
    );
  const [first] = events.filter(({ state }) => state === 'started');
  for (const [key, value] of Object.entries(test.attributes)) assert.deepEqual(first?.attributes.get(key), value, key);
}

/** As many started edge events as expected lines, and each of them expected. */
function checkOnly(expected: readonly Expectation[], events: readonly SeenEvent[]): void {
  for (const event of events.filter(({ state }) => state === 'started'))
    assert.ok(
      expected.some((one) => matches(one, event)),
      `not expected: ${formatEvent(event)}: ${event.body}`,
    );
}

async function checkCounts(test: Case, { telemetry }: Played): Promise<void> {
  if (Object.keys(test.counts).length === 0) return;
  const text = await telemetry.registry.metrics();
  for (const [outcome, wanted] of Object.entries(test.counts)) {
    const found = new RegExp(`^\\S+\\{[^}]*"${outcome}"[^}]*\\} (\\S+)$`, 'm').exec(text);
    const value = Number(found?.[1] ?? 0);
    if (typeof wanted === 'number') assert.equal(value, wanted, `${outcome}\n${text}`);
    else assert.ok(value > Number(wanted.slice(1)), `${outcome}: ${value}, wanted ${wanted}`);
  }
}

const cases = readCases();

describe('behaviour', () => {
  it('has at least sixty cases, each with a name of its own', () => {
    assert.ok(cases.length >= 60, `${cases.length}`);
    assert.equal(new Set(cases.map((test) => test.case)).size, cases.length);
  });

  for (const test of cases)
    it(`${test.file}: ${test.case}`, async () => {
      const played = await play(test);
      check(test, played);
      await checkCounts(test, played);
    });
});
