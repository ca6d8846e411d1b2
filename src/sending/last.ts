// What an exporter remembers of its last success and its last failure, for the status document.
import type { ExporterEvents } from '../telemetry/exporter-events.js';

export interface LastSending {
  /** Wall clock, Unix ms; 0: never. */
  readonly sentMs: number;
  readonly failedMs: number;
  /** Text of the last failure; '': none. */
  readonly error: string;
}

/** Longest text that is kept of an error. */
const MAX_TEXT = 300;

/** The events, noted on their way. */
export function remembering(events: ExporterEvents): { readonly events: ExporterEvents; last(): LastSending } {
  let last: LastSending = { sentMs: 0, failedMs: 0, error: '' };
  const fail = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error);
    last = { ...last, failedMs: Date.now(), error: text.slice(0, MAX_TEXT) };
  };
  return {
    last: () => last,
    events: {
      ...events,
      sent(batch, rejected, message) {
        last = { ...last, sentMs: Date.now() };
        events.sent(batch, rejected, message);
      },
      failed(batch, reason, error) {
        fail(error);
        events.failed(batch, reason, error);
      },
      retrying(batch, error, delayMs) {
        fail(error);
        events.retrying(batch, error, delayMs);
      },
    },
  };
}
