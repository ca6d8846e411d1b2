// The shop's side: runs Pixie's three scripts for each window, first for the history, then as time goes by.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../simulation/faults.js';
import { PixieSink, PROTOCOLS } from '../simulation/pixie-rows.js';
import { ShopTraffic } from '../simulation/traffic.js';
import { compressed, ExportError, PixieClient } from './pixie-client.js';

export const WINDOW_SECONDS = 10;
const NANOS = 1_000_000_000n;
const BUSY_MS = 50;
/** Event time of each script's runs against the window's end, seconds: scripts do not run at the same moment. */
const OFFSET: Readonly<Record<(typeof PROTOCOLS)[number], number>> = { http: 0, redis: 1, postgresql: 2 };

export class DemoSender {
  private readonly traffic: ShopTraffic;
  private readonly sink: PixieSink;
  private readonly address: string;

  constructor(address: string, seed: number) {
    this.address = address;
    this.traffic = new ShopTraffic({ seed, windowSeconds: WINDOW_SECONDS });
    this.sink = new PixieSink(seed);
  }

  /** The window that ends at this time (Unix seconds), over a connection of its own. */
  async send(endSeconds: number, faults: readonly Fault[]): Promise<void> {
    const messages = await this.prepare(endSeconds, faults);
    const client = new PixieClient(this.address);
    try {
      await exportAll(client, messages);
    } finally {
      client.close();
    }
  }

  /** `windows` windows, the last of which ends at `endSeconds`; `done` is told how many were taken. */
  async sendHistory(
    endSeconds: number,
    windows: number,
    done: (windows: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const client = new PixieClient(this.address);
    const prepare = (i: number): Promise<Buffer[]> => this.prepare(endSeconds - (windows - i) * WINDOW_SECONDS, []);
    try {
      let next = prepare(1);
      for (let i = 1; i <= windows; i++) {
        signal?.throwIfAborted();
        const messages = await next;
        // The next window is made and compressed while this one travels.
        if (i < windows) next = prepare(i + 1);
        await exportAll(client, messages);
        done(i);
      }
    } finally {
      client.close();
    }
  }

  private prepare(endSeconds: number, faults: readonly Fault[]): Promise<Buffer[]> {
    const windows = this.traffic.next(endSeconds, faults);
    const messages = PROTOCOLS.map((protocol) => {
      const time = BigInt(Math.round((endSeconds + OFFSET[protocol]) * 1000)) * (NANOS / 1000n);
      return compressed(this.sink.request(protocol, windows, time));
    });
    return Promise.all(messages);
  }
}

async function exportAll(client: PixieClient, messages: readonly Buffer[]): Promise<void> {
  await Promise.all(messages.map((message) => exportPatiently(client, message)));
}

/** History comes faster than in life; the gateway may ask to wait. */
async function exportPatiently(client: PixieClient, message: Buffer): Promise<void> {
  for (;;) {
    try {
      return await client.export(message);
    } catch (error) {
      if (!(error instanceof ExportError && error.busy)) throw error;
      await sleep(BUSY_MS);
    }
  }
}
