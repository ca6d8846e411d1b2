// A real Prometheus that scrapes a gateway, and a gateway's traffic with one slow edge for it to see.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Traffic, trafficRequest } from './edge-traffic.js';
import { freePorts, start } from './processes.js';
import { peer } from './programs.js';
import { grpcSender } from './senders.js';

export const WINDOWS = 300;

/** Twelve edges up to now; edge 3 is six times as slow in the last five windows. */
export const traffic: Traffic = {
  edges: 12,
  cluster: 'a',
  startSeconds: Math.floor(Date.now() / 1000) - WINDOWS * 10,
  windowSeconds: 10,
  latencyFactor: (edge, window) => (edge === 3 && window >= WINDOWS - 5 ? 6 : 1),
};

/** Sends all of `traffic`; `after` is waited for behind each window. */
export async function sendTraffic(grpcPort: number, after?: (window: number) => Promise<void>): Promise<void> {
  const sender = grpcSender(grpcPort);
  for (let window = 0; window < WINDOWS; window++) {
    await sender.send('metrics', trafficRequest(traffic, window));
    await after?.(window);
  }
  sender.close();
}

export interface ScrapeJob {
  readonly job_name: string;
  readonly port: number;
  readonly honor_labels?: boolean;
}

/** Starts a Prometheus that scrapes the jobs twice a second; returns `host:port` of its API. */
export async function startPrometheus(
  folder: string,
  jobs: readonly ScrapeJob[],
  more: { readonly rule_files?: readonly string[] } = {},
): Promise<string> {
  const [port] = (await freePorts(1)) as [number];
  const config = {
    global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
    ...more,
    scrape_configs: jobs.map(({ port: target, ...job }) => ({
      ...job,
      static_configs: [{ targets: [`127.0.0.1:${target}`] }],
    })),
  };
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(config));
  const listen = `127.0.0.1:${port}`;
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${listen}`];
  await start(join(peer('prometheus.sh'), 'prometheus'), flags, {
    ready: async () => (await fetch(`http://${listen}/-/ready`)).ok,
  });
  return listen;
}
