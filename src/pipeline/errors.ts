// The two ways in which a batch is refused. Receivers translate them into the protocol's own form.

/** Canonical gRPC codes that a stage may ask for. */
export type RefusalCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'failed_precondition'
  | 'internal';

/**
 * The data or the caller is at fault: sending the same again cannot help. The message is shown to the sender's user.
 */
export class PermanentError extends Error {
  readonly code: RefusalCode;
  constructor(message: string, code: RefusalCode = 'invalid_argument', options?: ErrorOptions) {
    super(message, options);
    this.name = 'PermanentError';
    this.code = code;
  }
}

/** What the items of a signal are called in sentences: one, and several. */
const ITEMS = {
  metrics: ['metric point', 'metric points'],
  traces: ['span', 'spans'],
  logs: ['log record', 'log records'],
} as const;

/** Items by signal. */
export type ItemCounts = Readonly<Partial<Record<keyof typeof ITEMS, number>>>;

/** `120 metric points and 1 span`. */
export function formatItems(counts: ItemCounts): string {
  const parts = Object.entries(ITEMS).flatMap(([signal, [one, several]]) => {
    const count = counts[signal as keyof typeof ITEMS] ?? 0;
    return count > 0 ? [`${count} ${count === 1 ? one : several}`] : [];
  });
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? '');
}

/** A component had to end before it could deliver what somebody was told OK about. */
export class UndeliveredError extends Error {
  readonly items: ItemCounts;
  constructor(items: ItemCounts) {
    super(`${formatItems(items)} not delivered`);
    this.name = 'UndeliveredError';
    this.items = items;
  }
}

/** The process or the next hop cannot take it now. */
export class RetryableError extends Error {
  /** How long the sender should wait, where somebody knows; ms. */
  readonly retryAfterMs: number | undefined;
  constructor(message: string, retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RetryableError';
    this.retryAfterMs = retryAfterMs;
  }
}
