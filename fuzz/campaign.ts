// One target's campaign: runs inputs, keeps those that reach something new, and makes others of them.
import type { Coverage } from './coverage.js';
import { mutateBytes, spliced } from './mutators/bytes.js';
import { Random } from './random.js';
import { type Fault, MAX_BYTES, type Order, type Outcome, Slot, sharedIn } from './shared.js';
import type { Target } from './target.js';
import type { OtherOpinion } from './targets/second-opinion.js';

/** The event loop has its turn so often, and so often what was gathered is settled; ms. */
const TURN_MS = 20;
const SETTLE_MS = 1000;
/** A single input that takes longer is a fault: 250 ms is what nobody may hold the event loop for. */
const LONGEST_MS = 250;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What leaving out may take; ms. */
const SHRINK_MS = 15_000;
const NOTHING = new Uint8Array();

const faultOf = (input: Uint8Array, error: unknown): Fault => {
  return { input, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
};

export class Campaign {
  readonly #target: Target;
  readonly #order: Order;
  readonly #coverage: Coverage;
  readonly #random: Random;
  readonly #corpus: Uint8Array[] = [];
  readonly #shared: ReturnType<typeof sharedIn>;
  #inputs = 0;

  constructor(target: Target, order: Order, coverage: Coverage) {
    this.#target = target;
    this.#order = order;
    this.#coverage = coverage;
    this.#random = new Random(order.seed);
    this.#shared = sharedIn(order.memory);
  }

  async run(): Promise<Outcome> {
    const begun = performance.now();
    let fault: Fault | undefined;
    try {
      for (const input of [...this.#target.seeds(), ...this.#order.corpus]) await this.#try(input);
      await this.#explore(begun + this.#order.seconds * 1000);
      await this.#target.settle?.();
    } catch (error) {
      const { body } = error as Partial<OtherOpinion>;
      fault = body ? faultOf(body, error) : await this.#smallest(this.#current(), error);
    }
    const { name, proves } = this.#target;
    const seconds = (performance.now() - begun) / 1000;
    const { reached } = this.#coverage;
    const done = { target: name, proves, inputs: this.#inputs, seconds, reached, corpus: this.#corpus };
    return fault ? { ...done, fault } : done;
  }

  async #explore(end: number): Promise<void> {
    let turnAt = performance.now() + TURN_MS;
    let settleAt = performance.now() + SETTLE_MS;
    for (let now = performance.now(); now < end; now = performance.now()) {
      await this.#try(this.#next());
      if (now < turnAt) continue;
      await turn();
      turnAt = performance.now() + TURN_MS;
      if (now < settleAt) continue;
      await this.#target.settle?.();
      settleAt = performance.now() + SETTLE_MS;
    }
  }

  /** Made of one that is known: a new one more often than an old one. */
  #next(): Uint8Array {
    const random = this.#random;
    const known = this.#corpus.length;
    const at = random.once(2) ? random.below(known) : known - 1 - random.below(Math.min(known, 32));
    const mutate = this.#target.mutate ?? mutateBytes;
    const made = mutate(this.#corpus[at]!, this.#corpus[random.below(known)]!, random);
    return made.subarray(0, this.#target.maxBytes ?? 4096);
  }

  async #try(input: Uint8Array): Promise<void> {
    const { numbers, input: place } = this.#shared;
    place.set(input.subarray(0, MAX_BYTES));
    numbers[Slot.length] = input.length;
    this.#coverage.clear();
    const begun = performance.now();
    const running = this.#target.run(input);
    if (running) await running;
    const took = performance.now() - begun;
    if (took > LONGEST_MS) await this.#again(input);
    Atomics.store(numbers, Slot.inputs, ++this.#inputs);
    if (this.#coverage.take() || this.#corpus.length === 0) this.#corpus.push(Uint8Array.from(input));
  }

  /** Somebody else may have had the processor: an input is slow that is slow three times. */
  async #again(input: Uint8Array): Promise<void> {
    for (let times = 0; times < 2; times++) {
      const begun = performance.now();
      await this.#target.run(input);
      if (performance.now() - begun <= LONGEST_MS) return;
    }
    throw new Error(`takes longer than ${LONGEST_MS} ms`);
  }

  /** Leaves out what the fault does not need. */
  async #smallest(input: Uint8Array, error: unknown): Promise<Fault> {
    let fault = faultOf(input, error);
    const end = performance.now() + SHRINK_MS;
    for (let size = input.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at < fault.input.length && performance.now() < end; ) {
        const shorter = spliced(fault.input, at, size, NOTHING);
        try {
          await this.#target.run(shorter);
          at += size;
        } catch (again) {
          fault = faultOf(shorter, again);
        }
      }
    }
    return fault;
  }

  #current(): Uint8Array {
    const { numbers, input } = this.#shared;
    return Uint8Array.from(input.subarray(0, numbers[Slot.length]));
  }
}
