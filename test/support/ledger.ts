// A ledger for a component under test.
import { Ledger, ledgerLimits } from '../../src/pipeline/index.js';

/** Of a machine of eight gigabytes. */
export function testLedger(): Ledger {
  return new Ledger(ledgerLimits(2 ** 33));
}
