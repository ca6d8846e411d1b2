// What ends requests under way: AbortSignals that outlive many of them, and attempts that end one.

interface Listener {
  run: () => void;
  next: Listener;
  previous: Listener;
}

const LISTENERS: unique symbol = Symbol('listeners');

/** A signal with a ring of listeners of our own. */
interface Heard extends AbortSignal {
  [LISTENERS]?: Listener;
}

/**
 * What one attempt can be given up by. It says what an AbortSignal says, and is one for those who need one
 * (`signalOf`): an AbortController for each request, with a listener, was the dearest of all that is done by the
 * request.
 */
export class Attempt {
  aborted: boolean = false;
  reason: unknown;
  /** For `onAbort`. */
  readonly listeners: Listener = emptyRing();
  private controller: AbortController | undefined;

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.controller?.abort(reason);
    runAll(this.listeners);
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.aborted) this.controller.abort(this.reason);
    return this.controller.signal;
  }
}

export type Cancel = AbortSignal | Attempt;

export function signalOf(cancel: Cancel): AbortSignal {
  return cancel instanceof Attempt ? cancel.signal : cancel;
}

function nothing(): void {}

/** Its head is no listener. */
function emptyRing(): Listener {
  const head = { run: nothing } as Listener;
  head.next = head.previous = head;
  return head;
}

function ringOf(cancel: Attempt | Heard): Listener {
  if (cancel instanceof Attempt) return cancel.listeners;
  return cancel[LISTENERS] ?? newRing(cancel);
}

function newRing(signal: Heard): Listener {
  const head = emptyRing();
  signal[LISTENERS] = head;
  signal.addEventListener('abort', () => runAll(head), { once: true });
  return head;
}

function runAll(head: Listener): void {
  for (let listener = head.next; listener !== head; listener = head.next) {
    unlink(listener);
    listener.run();
  }
}

function unlink(listener: Listener): void {
  listener.previous.next = listener.next;
  listener.next.previous = listener.previous;
  listener.next = listener.previous = listener;
}

/**
 * Calls `run` once when `cancel` aborts; what is returned takes that back. For signals that live as long as an
 * exporter: a listener that `removeEventListener` has taken away still points to the one that came after it, so that
 * one which has become old keeps alive whatever every later request held, its body included, until the next full
 * collection.
 */
export function onAbort(cancel: Cancel, run: () => void): () => void {
  const head = ringOf(cancel);
  const listener: Listener = { run, next: head, previous: head.previous };
  head.previous.next = listener;
  head.previous = listener;
  return () => unlink(listener);
}
