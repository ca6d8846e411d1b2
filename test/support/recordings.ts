// Recordings of the simulated shop, and the command on them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/replay/index.js';
import type { Fault } from '../../src/simulation/faults.js';
import { PixieSink, PROTOCOLS } from '../../src/simulation/pixie-rows.js';
import { ShopTraffic } from '../../src/simulation/traffic.js';

export const SHOP_START = 1_793_491_200;

export interface Happening {
  readonly fault: Fault;
  /** First window. */
  readonly at: number;
}

/** Requests of `windows` windows of 10 s, three a window, as Pixie sends them. */
export function shopRequests(windows: number, happenings: readonly Happening[] = [], seed = 7): Uint8Array[] {
  const traffic = new ShopTraffic({ seed, windowSeconds: 10 });
  const sink = new PixieSink(seed);
  const requests: Uint8Array[] = [];
  for (let t = 0; t < windows; t++) {
    const end = SHOP_START + 10 * t;
    const faults = happenings.filter(({ fault, at }) => t >= at && t < at + fault.windows).map(({ fault }) => fault);
    const edges = traffic.next(end, faults);
    for (const protocol of PROTOCOLS) requests.push(sink.request(protocol, edges, BigInt(end) * 1_000_000_000n));
  }
  return requests;
}

/** Messages behind four bytes of length, as the Collector's file exporter writes them. */
export function prefixed(bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, body];
    }),
  );
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of files for the command, and the command. */
export class ReplayBench {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'pxanomaly-replay-'));

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async run(...argv: string[]): Promise<Ran> {
    let [stdout, stderr] = ['', ''];
    const io = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
      env: {},
    };
    const code = await run(argv, io);
    return { code, stdout, stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
