// A stock Collector with a receiver for each row of a matrix, plain or with TLS, and an nginx in front of such
// receivers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIGNALS, type Signal } from '../../../src/pipeline/index.js';
import { fixture } from '../paths.js';
import { listens } from './grpc-hops.js';
import { itemsOf, signalOfRequest } from './item-counts.js';
import { readRequests } from './otlp-files.js';
import { newFolder, startCollector } from './otlp-services.js';
import { freePorts, start } from './processes.js';

export interface RowSetup {
  readonly row: string;
  readonly protocol: 'grpc' | 'http';
  readonly tls: boolean;
}

export interface CollectorRows {
  portOf(row: string): number;
  arrived(row: string, signal: Signal): number;
}

const tls = { cert_file: fixture('tls/server.pem'), key_file: fixture('tls/server.key') };

/** One Collector; each row has a port of its own, and ends in a file of its own. */
export async function startCollectorRows(rows: readonly RowSetup[]): Promise<CollectorRows> {
  const folder = newFolder();
  const ports = new Map((await freePorts(rows.length)).map((port, i) => [rows[i]!.row, port]));
  const file = (row: string): string => join(folder, `${row}.jsonl`);
  await startCollector({
    receivers: Object.fromEntries(
      rows.map(({ row, protocol, tls: secure }) => {
        const server = { endpoint: `127.0.0.1:${ports.get(row)}`, ...(secure && { tls }) };
        return [`otlp/${row}`, { protocols: { [protocol]: server } }];
      }),
    ),
    exporters: Object.fromEntries(rows.map(({ row }) => [`file/${row}`, { path: file(row), flush_interval: '50ms' }])),
    pipelines: Object.fromEntries(
      rows.flatMap(({ row }) =>
        SIGNALS.map((signal) => [`${signal}/${row}`, { receivers: [`otlp/${row}`], exporters: [`file/${row}`] }]),
      ),
    ),
  });
  return {
    portOf: (row) => ports.get(row)!,
    arrived: (row, signal) =>
      readRequests(file(row))
        .filter((request) => signalOfRequest(request) === signal)
        .reduce((total, request) => total + itemsOf(request), 0),
  };
}

/** A server of nginx: what it takes, over TLS or not, and the plain port behind it. */
export interface Front {
  readonly protocol: 'grpc' | 'http';
  readonly tls: boolean;
  readonly behind: number;
}

function server(port: number, { protocol, tls: secure, behind }: Front): string {
  const words = [`127.0.0.1:${port}`, secure && 'ssl', protocol === 'grpc' && 'http2'].filter(Boolean).join(' ');
  const pass = protocol === 'grpc' ? `grpc_pass grpc://127.0.0.1:${behind}` : `proxy_pass http://127.0.0.1:${behind}`;
  return `server { listen ${words}; location / { ${pass}; } }`;
}

/** nginx, with everything that it may compress compressed; resolves with the ports of the servers. */
export async function startNginx(program: string, fronts: readonly Front[]): Promise<number[]> {
  const folder = newFolder();
  const ports = await freePorts(fronts.length);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const file = join(folder, 'nginx.conf');
  const lines = [
    'daemon off; worker_processes 1; user root;',
    `pid ${folder}/pid; error_log ${folder}/error.log;`,
    'events {}',
    'http {',
    '  access_log off; gzip on; gzip_min_length 0; gzip_types *; gzip_proxied any;',
    ...temporary,
    `  ssl_certificate ${tls.cert_file}; ssl_certificate_key ${tls.key_file};`,
    ...fronts.map((front, i) => server(ports[i]!, front)),
    '}',
  ];
  writeFileSync(file, lines.join('\n'));
  const ready = async () => (await Promise.all(ports.map(listens))).every(Boolean);
  await start(program, ['-p', folder, '-e', `${folder}/error.log`, '-c', file], { ready });
  return ports;
}
