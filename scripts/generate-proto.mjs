// Writes build/proto/otlp.{js,d.ts}: static protobufjs code of the OTLP requests, responses and google.rpc.Status.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const files = ['metrics', 'trace', 'logs'].map((s) => `proto/opentelemetry/proto/collector/${s}/v1/${s}_service.proto`);
files.push('proto/google/rpc/status.proto');
mkdirSync('build/proto', { recursive: true });

function run(script, args) {
  const result = spawnSync(process.execPath, [`node_modules/protobufjs-cli/bin/${script}`, ...args], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

run('pbjs', ['-t', 'static-module', '-w', 'esm', '--no-service', '--no-verify', '--force-long', '-p', 'proto', '-o', 'build/proto/otlp.js', ...files]);
run('pbts', ['-o', 'build/proto/otlp.d.ts', 'build/proto/otlp.js']);
