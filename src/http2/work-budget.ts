// What a client may cost before it is sent away: work that leads to nothing is paid out of a budget, which useful work
// fills again.
import { ConnectionError, ErrorCode } from './frames.js';

/** Units: one is about what reading a frame takes, half a microsecond. */
export const Cost = {
  frame: 1,
  /** Of HEADERS and of each octet in them. */
  headers: 4,
  headerOctet: 0.03,
  /** Of a frame of a type that nobody knows, for each octet that is passed over. */
  unknownOctet: 0.001,
  windowUpdate: 1,
  ping: 2,
  settings: 4,
  /** Of each message that a change of the initial window concerns. */
  windowOfMessage: 0.1,
  /** Of DATA without data. */
  nothing: 3,
  /** Of a stream that is refused, reset, or not a request. */
  waste: 10,
} as const;

/** What an octet of a body gives back: frames of 64 octets pay for themselves. */
const OCTET = 1 / 64;
/** What a request gives back beside its fields, when it was not wrong. */
const REQUEST = 8;

/** About five milliseconds of work for nothing at once, and a half of a thousandth of it all the time. */
const BURST = 10_000;
const PER_MS = 1;

export class WorkBudget {
  private left: number = BURST;
  private at: number;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.at = now();
  }

  /** Throws `ConnectionError` when there is nothing left. */
  spend(units: number): void {
    this.left -= units;
    if (this.left < 0) this.refill();
  }

  /** So many octets of a body have come. */
  body(octets: number): void {
    this.earn(octets * OCTET);
  }

  /** A request was answered that was not wrong; `units`: what its fields have cost. */
  request(units: number): void {
    this.earn(units + REQUEST);
  }

  private earn(units: number): void {
    this.left = Math.min(BURST, this.left + units);
  }

  /** The clock is asked only when it matters. */
  private refill(): void {
    const now = this.now();
    this.left = Math.min(BURST, this.left + (now - this.at) * PER_MS);
    this.at = now;
    if (this.left < 0) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too much work that leads to nothing');
  }
}
