// Every fuzz target over its corpus and a few changed inputs, without counters: what was found once stays mended.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCorpus } from '../../fuzz/corpus.js';
import { mutateBytes } from '../../fuzz/mutators/bytes.js';
import { NAMES } from '../../fuzz/names.js';
import { Random } from '../../fuzz/random.js';
import { TARGETS } from '../../fuzz/targets/index.js';
import { ROOT } from '../support/paths.js';

/** What is compared with node:http2 takes milliseconds an input. */
const share = (name: string): number => (name.includes('node') ? 10 : 1);

describe('fuzz targets', () => {
  test('are named where the runner looks', () => {
    assert.deepEqual(
      TARGETS.map(({ name }) => name),
      NAMES,
    );
  });

  for (const { name, seeds, run, mutate = mutateBytes, maxBytes = 4096 } of TARGETS)
    test(name, async () => {
      const inputs = [...seeds(), ...readCorpus(`${ROOT}/fuzz/corpus`, name)];
      for (let i = 0; i < inputs.length; i += share(name)) await run(inputs[i]!);
      const random = new Random(7);
      for (let i = 0; i < 300 / share(name); i++)
        await run(mutate(random.pick(inputs), random.pick(inputs), random).subarray(0, maxBytes));
    });
});
