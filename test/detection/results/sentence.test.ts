// What sentences show: the side that the kind names, enough digits to see it, and no bound that says nothing.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bandOf } from '../../../src/detection/results/bands.js';
import { type EvidenceBand, evidenceBand } from '../../../src/detection/results/evidence-band.js';
import type { Finding } from '../../../src/detection/results/findings.js';
import { findingSentence } from '../../../src/detection/results/sentence.js';
import { valueText } from '../../../src/detection/results/values.js';
import type { EdgeState } from '../../../src/detection/topology/graph.js';
import { type Band, type KernelApi, Kind, SeriesType } from '../../../src/kernel/api.js';

const EDGE = {
  slot: 0,
  source: { namespace: 'shop', name: 'cart' },
  destination: { namespace: 'shop', name: 'redis' },
  group: { windowMs: 60_000 },
  features: Object.fromEntries(
    [
      ['latency', 's'],
      ['requests', ''],
      ['errors', ''],
      ['bytes', 'By'],
    ].map(([name, unit]) => [name, { unit, scale: 1, type: SeriesType.AMOUNT }]),
  ),
} as unknown as EdgeState;

function finding(kind: string, band: Omit<EvidenceBand, 'unit' | 'windows'> & Partial<EvidenceBand>): Finding {
  return {
    edge: EDGE,
    state: 'started',
    kind,
    score: 0.95,
    evidence: 10,
    detector: 'zscore',
    band: { unit: '', windows: 1, ...band },
    contributions: [],
    silent: false,
    stillSilent: false,
    startedMs: 0,
    durationS: 0,
    topScore: 0.95,
    incident: '',
    learning: false,
    announced: true,
  };
}

const NONE = Number.NaN;

describe('field case 13: a sentence', () => {
  it('says of a window what it was', () => {
    const band = { feature: 'errors', observed: 0.225, expected: 0.002, lower: NONE, upper: 0.037 } as const;
    assert.equal(
      findingSentence(finding('error_rate_spike', band)),
      'Errors from shop/cart to shop/redis rose to 22.5 % of the requests (expected 0.2 %, at most 3.7 %); score 0.95.',
    );
  });

  it('says over how long a value is the mean, where no window shows the change', () => {
    const band = {
      feature: 'requests',
      observed: 1382,
      expected: 1431,
      lower: 1383,
      upper: 1532,
      windows: 19,
    } as const;
    assert.equal(
      findingSentence(finding('throughput_drop', band)),
      'Requests from shop/cart to shop/redis fell to 1382 in 60 s on average over 19 min ' +
        '(expected 1431, 1383 to 1532); score 0.95.',
    );
  });

  it('has as many digits as it takes to see the value beyond the bound', () => {
    const band = { feature: 'latency', unit: 's', observed: 0.011502, expected: 0.0104, lower: 0.009, upper: 0.011497 };
    assert.match(
      findingSentence(finding('latency_spike', { ...band, feature: 'latency' })),
      /rose to 11\.502 ms \(expected 10\.4 ms, 9 ms to 11\.497 ms\)/,
    );
  });

  it('never shows a value that lies on the other side, or within the band, as the reason', () => {
    for (const observed of [0.009, 0.0104, 0.0112]) {
      const band = { feature: 'latency', unit: 's', observed, expected: 0.0104, lower: 0.008, upper: 0.0115 } as const;
      const going = { ...finding('latency_spike', band), state: 'ongoing' as const };
      assert.equal(
        findingSentence(going),
        'Latency from shop/cart to shop/redis rose before, and is near what is expected by now; score 0.95.',
      );
    }
  });
});

describe('field case 05: how an anomaly ends', () => {
  const band = { feature: 'requests', observed: NONE, expected: 60, lower: NONE, upper: NONE } as const;
  const ended = { ...finding('throughput_drop', band), state: 'resolved' as const, durationS: 612, topScore: 0.99 };

  it('back to normal, where that was seen', () => {
    assert.equal(
      findingSentence(ended),
      'Requests from shop/cart to shop/redis are back to normal after 10.2 min; highest score 0.99.',
    );
  });

  it('still silent, where nothing came back', () => {
    assert.equal(
      findingSentence({ ...ended, silent: true, stillSilent: true }),
      'shop/cart sends nothing to shop/redis: still silent after 10.2 min; highest score 0.99.',
    );
  });

  it('without requests, where the edge is silent as is its habit', () => {
    assert.match(findingSentence({ ...ended, silent: true }), /told of after 10.2 min: no requests, as often before;/);
  });

  it('then returned, or gone', () => {
    assert.equal(
      findingSentence({ ...ended, state: 'returned', durationS: 1800 }),
      'shop/cart sends to shop/redis again, 30 min after its anomaly began; it had been silent at the end.',
    );
    assert.equal(
      findingSentence({ ...ended, state: 'gone', durationS: 18_000, reason: 'it made room for others' }),
      'The edge from shop/cart to shop/redis is gone: it never came back in 5 h, and is no longer watched: ' +
        'it made room for others.',
    );
  });
});

/** A kernel that says this of the feature at each of its three scales. */
function kernelOf(bands: readonly Band[], feature: number, surprises: readonly number[]): KernelApi {
  const surprise = new Float32Array(12);
  surprise.set(surprises, 3 * feature);
  return {
    results: { surprise, present: Uint8Array.of(1) },
    spanBand: (_: number, asked: number, scale: number) => (asked === feature ? bands[scale]! : bands[0]!),
  } as unknown as KernelApi;
}

describe('field case 13: the value shown', () => {
  const window = { observed: 1449, expected: 1431, lower: 1300, upper: 1560 };
  const six = { observed: 1410, expected: 1431, lower: 1360, upper: 1500 };
  const nineteen = { observed: 1382, expected: 1431, lower: 1383, upper: 1480 };

  it('is the mean of the span that gave the evidence, where the window goes the other way', () => {
    const shown = evidenceBand(kernelOf([window, six, nineteen], 1, [1, -4, -9.2]), EDGE, Kind.THROUGHPUT_DROP);
    assert.deepEqual(shown, { feature: 'requests', unit: '', ...nineteen, windows: 19 });
  });

  it('is that of the window where it lies beyond its band by itself', () => {
    const low = { ...window, observed: 900 };
    const shown = evidenceBand(kernelOf([low, six, nineteen], 1, [-9, -8, -9.2]), EDGE, Kind.THROUGHPUT_DROP);
    assert.equal(shown?.observed, 900);
    assert.equal(shown?.windows, 1);
  });

  it('has no bound that was not reached where counts gave the evidence', () => {
    const counted = { observed: 0.008, expected: 0.002, lower: NONE, upper: 0.012 };
    const kernel = kernelOf([{ ...counted, observed: 0.004 }, counted, counted], 2, [2, 4, 9.2]);
    const shown = evidenceBand(kernel, EDGE, Kind.ERROR_RATE_SPIKE);
    assert.equal(shown?.observed, 0.008);
    assert.ok(Number.isNaN(shown?.upper));
  });

  it('has no bound that says nothing', () => {
    const of = (feature: number, band: Band) => bandOf(kernelOf([band], feature, []), EDGE, feature)!;
    const latency = of(0, { observed: 0.1, expected: 0.0336, lower: 0.977e-9, upper: 0.0914 });
    assert.ok(Number.isNaN(latency.lower));
    assert.equal(latency.upper, 0.0914);
    assert.ok(Number.isNaN(of(1, { observed: 5, expected: 400, lower: 0, upper: 900 }).lower));
    assert.ok(Number.isNaN(of(2, { observed: 0.9, expected: 0.3, lower: NONE, upper: 1 }).upper));
    assert.equal(of(0, { observed: 0.1, expected: 0.02, lower: 0.001, upper: NONE }).lower, 0.001);
  });
});

it('a value is written without an exponent', () => {
  assert.equal(valueText('errors', '', 0.0000000012), '0.00000012 %');
  assert.equal(valueText('latency', 's', 0.00025), '250 µs');
});
