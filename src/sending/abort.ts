// Listening to an AbortSignal that outlives the requests which it can end.

interface Listener {
  run: () => void;
  next: Listener;
  previous: Listener;
}

const LISTENERS: unique symbol = Symbol('listeners');

/** A signal with a ring of listeners of our own: `head` is no listener. */
interface Heard extends AbortSignal {
  [LISTENERS]?: Listener;
}

function nothing(): void {}

function ringOf(signal: Heard): Listener {
  const known = signal[LISTENERS];
  if (known) return known;
  const head = { run: nothing } as Listener;
  head.next = head.previous = head;
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
 * Calls `run` once when `signal` aborts; what is returned takes that back. For signals that live as long as an exporter: a listener
 * that `removeEventListener` has taken away still points to the one that came after it, so that one which has become old keeps alive
 * whatever every later request held, its body included, until the next full collection.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const head = ringOf(signal);
  const listener: Listener = { run, next: head, previous: head.previous };
  head.previous.next = listener;
  head.previous = listener;
  return () => unlink(listener);
}
