// What the gateway says of itself over its own address: the status document and its metrics.
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import type { StatusDocument } from '../../service/status.js';
import { BrokenHop, reach, STEP_MS } from './connect.js';

/** Values by name and labels as the exposition writes them. */
export type Samples = ReadonlyMap<string, number>;

async function get(at: HostPort, path: string): Promise<Response> {
  const url = `http://${formatHostPort(at)}${path}`;
  try {
    return await fetch(url, { signal: AbortSignal.timeout(STEP_MS) });
  } catch (error) {
    const cause = (error as Error).cause as Error | undefined;
    throw new BrokenHop(
      `${url} cannot be read (${cause?.message ?? (error as Error).message})`,
      'is this the address of service.telemetry.metrics?',
    );
  }
}

/** Throws `Broken`. */
export async function readStatus(at: HostPort): Promise<StatusDocument> {
  await reach(at);
  const response = await get(at, '/status');
  if (!response.ok)
    throw new BrokenHop(
      `${formatHostPort(at)} answers /status with HTTP ${response.status}`,
      "this is not pxanomaly's own telemetry, or it is an older version: give the address of service.telemetry.metrics",
    );
  return (await response.json()) as StatusDocument;
}

/** Throws `Broken`. */
export async function readSamples(at: HostPort): Promise<Samples> {
  const text = await (await get(at, '/metrics')).text();
  return new Map(
    text.split('\n').flatMap((line) => {
      const space = line.lastIndexOf(' ');
      return line.startsWith('#') || space < 0 ? [] : [[line.slice(0, space), Number(line.slice(space + 1))] as const];
    }),
  );
}

/** The sum of a metric's samples whose labels include all of these. */
export function sumOf(samples: Samples, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  let sum = 0;
  for (const [sample, value] of samples) {
    const brace = sample.indexOf('{');
    const its = (brace < 0 ? sample : sample.slice(0, brace)).replace(/_total$/, '');
    if (its === name && wanted.every((label) => sample.includes(label))) sum += value;
  }
  return sum;
}
