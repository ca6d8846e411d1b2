// The two ways in which a batch is refused. Receivers translate them into the protocol's own form.

/** Canonical gRPC codes that a stage may ask for. */
export type RefusalCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'failed_precondition'
  | 'internal';

/** The data or the caller is at fault: sending the same again cannot help. The message is shown to the sender's user. */
export class PermanentError extends Error {
  readonly code: RefusalCode;
  constructor(message: string, code: RefusalCode = 'invalid_argument', options?: ErrorOptions) {
    super(message, options);
    this.name = 'PermanentError';
    this.code = code;
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
