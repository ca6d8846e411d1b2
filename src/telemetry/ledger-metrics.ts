// What is held for unfinished and queued work, read when somebody asks.
import { Counter, Gauge } from 'prom-client';
import { HOLDERS, type Ledger } from '../pipeline/index.js';
import type { Telemetry } from './index.js';

/** Registers `pxanomaly_held_bytes` and `pxanomaly_held_gave_way`. */
export function registerLedger({ registry }: Telemetry, ledger: Ledger): void {
  new Gauge({
    name: 'pxanomaly_held_bytes',
    help: 'Bytes held for requests that are unfinished, not learnt yet or not delivered yet; some of them for several reasons.',
    labelNames: ['what'],
    registers: [registry],
    collect() {
      for (const what of HOLDERS) this.set({ what }, ledger.heldBy(what));
    },
  });
  new Counter({
    name: 'pxanomaly_held_gave_way',
    help: 'Unfinished requests that were refused to make room for others.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(ledger.evictions);
    },
  });
}
