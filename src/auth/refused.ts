// What an exporter does when the next hop does not know it.
import { type ClientAuthenticator, PermanentError, RetryableError } from '../pipeline/index.js';

/**
 * What `judge` gives or throws; an answer that the sender is not known is worth another attempt where that will show
 * another credential: one that was rotated or has ended since.
 */
export function retryWithOthers<T>(
  auth: ClientAuthenticator | undefined,
  credentials: Readonly<Record<string, string>> | undefined,
  judge: () => T,
): T {
  try {
    return judge();
  } catch (error) {
    const isUnknown = error instanceof PermanentError && error.code === 'unauthenticated';
    if (!isUnknown || !auth || !credentials || !auth.refused(credentials)) throw error;
    throw new RetryableError(`${error.message}; the next attempt has another credential`, 0, { cause: error });
  }
}
