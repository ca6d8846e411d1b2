// Which Collector is compared with, from the manifest that it is built from.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../test/support/peers/programs.js';

/** Modules and versions that matter to the comparison, as `otlpreceiver v0.162.0`. */
export function collectorVersion(): string[] {
  const manifest = readFileSync(join(REPOSITORY, 'scripts/peers/collector/manifest.yaml'), 'utf8');
  const compared = /(otlpreceiver|otlpexporter|otlphttpexporter|isolationforestprocessor) (v\S+)/g;
  return [...manifest.matchAll(compared)].map(([, module, version]) => `${module} ${version}`);
}
