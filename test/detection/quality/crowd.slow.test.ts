// Ten thousand edges without a fault, for a simulated day: few episodes, hardly an incident, and memory stays as it
// was.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { incidentLevel } from '../../../src/detection/incidents/levels.js';
import { EdgeDetector } from '../../reference/detect-driver.js';
import { Crowd } from '../../synthetic/crowd.js';
import { separateGraph } from '../../synthetic/drive.js';
import { MERGE } from '../../synthetic/scoring.js';

const EDGES = 10_000;
const WINDOWS = 8640;
/** docs/detection.md, section 9: one incident a day for the whole system, edges that have no neighbours. */
const INCIDENT_LEVEL = incidentLevel(EDGES * WINDOWS, 10_000);

describe('ten thousand fault-free edges for a day', () => {
  let episodes = 0;
  let incidents = 0;
  let memory: readonly [number, number] = [0, 0];

  before(() => {
    const group = Array<number>(EDGES).fill(0);
    const detector = new EdgeDetector({ ...separateGraph(EDGES), group, windowSeconds: 10 }, { seed: 1 });
    detector.setIncidentLevel(INCIDENT_LEVEL);
    const crowd = new Crowd(7, EDGES);
    const lastOn = new Int32Array(EDGES).fill(-1_000_000);
    const { wasm, results } = detector;
    for (let t = 0; t < WINDOWS; t++) {
      detector.step(crowd.next());
      if (t === 10) memory = [wasm.memory.buffer.byteLength, 0];
      for (let e = 0; e < EDGES; e++) {
        if (results.channelChange[e] === 1) incidents++;
        if (results.on[e] !== 1) continue;
        if (t - lastOn[e]! > MERGE + 1) episodes++;
        lastOn[e] = t;
      }
    }
    memory = [memory[0], wasm.memory.buffer.byteLength];
  });

  it('few episodes', () => assert.ok(episodes / EDGES <= 0.143, `${episodes / EDGES} an edge`));
  it('at most two incidents', () => assert.ok(incidents <= 2, `${incidents}`));
  it('no more memory at the end than in the beginning', () => assert.equal(memory[1], memory[0]));
});
