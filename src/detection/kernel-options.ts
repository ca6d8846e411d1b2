// What the kernel's memory is laid out for, by the configuration.
import { randomBytes } from 'node:crypto';
import type { KernelOptions } from '../kernel/face.js';
import type { Config } from '../processors/anomaly/config.js';

/** Room for services and feeds by that for edges and groups. */
const SERVICES_PER_EDGE = 2;
const FEEDS_PER_GROUP = 32;

/** docs/detection.md, section 4: sizes in vectors, refresh in windows. */
const FOREST = { reservoir: 4096, period: 2048, first: 512, refresh: 360 } as const;

/** `hashSeed`: random where it is not given. */
export function kernelOptions(config: Config, hashSeed: bigint | undefined): KernelOptions {
  const { enabled, trees, subsample } = config.detectors.isolation_forest;
  return {
    maxSeries: config.max_series,
    maxEdges: config.max_edges,
    maxServices: config.max_edges * SERVICES_PER_EDGE,
    maxGroups: config.max_groups,
    maxFeeds: config.max_groups * FEEDS_PER_GROUP,
    inputLimitBytes: config.max_request_size_mib * 1024 * 1024,
    hashSeed: hashSeed ?? randomBytes(8).readBigUInt64LE(),
    seed: config.seed,
    forest: { enabled, trees, subsample, ...FOREST },
    autoencoder: config.detectors.autoencoder.enabled,
    counts: config.detectors.zscore.counts,
    bytesDiscount: config.incidents.bytes_discount,
  };
}

/** Everything that a snapshot depends on, but the hash seed, which belongs to the state. */
export function shapeOf({ hashSeed, inputLimitBytes, ...shape }: KernelOptions): string {
  return JSON.stringify(shape);
}

/** The same and the size of the input: what one kernel can go on with. */
export function layoutOf(options: KernelOptions): string {
  return `${shapeOf(options)} ${options.inputLimitBytes}`;
}
