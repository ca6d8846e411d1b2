// The outermost layer of an exporter without a queue: whoever offers a batch waits for its delivery.

import { setMaxListeners } from 'node:events';
import type { Batch } from '../pipeline/index.js';
import { RetryableError } from '../pipeline/index.js';
import { asStageError, GivenUpError, type Send } from './send.js';
import type { SendingQueue } from './sending-queue.js';
import { Undelivered } from './undelivered.js';

/** Answers with the result of sending. `drain` waits for what is under way, then aborts it: the senders are told. */
export function direct(next: Send): SendingQueue {
  const giveUp = new AbortController();
  const pending = new Set<Promise<void>>();
  let closed = false;
  setMaxListeners(0, giveUp.signal);

  const deliver = async (batch: Batch): Promise<void> => {
    try {
      await next(batch, giveUp.signal);
    } catch (error) {
      throw asStageError(error);
    }
  };

  return {
    isKept: false,
    refusal: () => (closed ? new RetryableError('shutting down') : undefined),
    consume(batch) {
      if (closed) throw new RetryableError('shutting down');
      const delivery = deliver(batch).finally(() => pending.delete(delivery));
      pending.add(delivery);
      return delivery;
    },
    async drain(withinMs) {
      closed = true;
      const timer = setTimeout(() => giveUp.abort(new GivenUpError('shutdown', 'not delivered in time')), withinMs);
      await Promise.allSettled(pending);
      clearTimeout(timer);
      return new Undelivered();
    },
  };
}
