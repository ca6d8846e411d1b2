// Ports for the demo: the usual ones, or the next that are free.
import { createServer } from 'node:net';

export const HOST = '127.0.0.1';

export interface Ports {
  readonly grpc: number;
  readonly http: number;
  readonly prometheus: number;
  readonly telemetry: number;
}

export const USUAL_PORTS: Ports = { grpc: 4317, http: 4318, prometheus: 9464, telemetry: 8888 };

const TRIES = 200;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The usual ports where they are free, else the next free ones; none twice. Throws where there are none. */
export async function choosePorts(usual: Ports = USUAL_PORTS): Promise<Ports> {
  const reserved = new Set<number>(Object.values(usual));
  const chosen: Record<string, number> = {};
  for (const [name, first] of Object.entries(usual) as [string, number][]) {
    let port = first;
    while ((port !== first && reserved.has(port)) || !(await isFree(port))) {
      if (++port > first + TRIES) throw new Error(`no free port from ${first} to ${first + TRIES}`);
    }
    reserved.add(port);
    chosen[name] = port;
  }
  return chosen as unknown as Ports;
}

/** A sentence for each port that is not the usual one. */
export function describeChanges(ports: Ports, usual: Ports = USUAL_PORTS): string[] {
  return (Object.keys(usual) as (keyof Ports)[])
    .filter((name) => ports[name] !== usual[name])
    .map((name) => `Port ${usual[name]} is taken: ${PURPOSE[name]} is on ${ports[name]}.`);
}

const PURPOSE: Readonly<Record<keyof Ports, string>> = {
  grpc: 'OTLP over gRPC',
  http: 'OTLP over HTTP',
  prometheus: 'the Prometheus endpoint',
  telemetry: "the gateway's own metrics",
};
