// The thread of one target.
import { parentPort, workerData } from 'node:worker_threads';
import { Campaign } from './campaign.js';
import { Coverage } from './coverage.js';
import type { Order } from './shared.js';

const order = workerData as Order;
const coverage = new Coverage(order.branches);
(globalThis as { __branches?: Uint8Array }).__branches = coverage.map;
const { TARGETS } = await import('./targets/index.js');
const target = TARGETS.find(({ name }) => name === order.target);
if (!target) throw new Error(`no target ${order.target}`);
parentPort!.postMessage(await new Campaign(target, order, coverage).run());
// Sessions of targets may have left timers behind.
process.exit(0);
