// What the kernel's memory is laid out for, by the settings.
import { randomBytes } from 'node:crypto';
import type { KernelOptions } from '../kernel/api.js';
import type { DetectionSettings } from './settings.js';

/** Room for services and feeds by that for edges and groups. */
const SERVICES_PER_EDGE = 2;
const FEEDS_PER_GROUP = 32;

/** docs/detection.md, section 4: sizes in vectors, refresh in windows. */
const FOREST = { reservoir: 4096, period: 2048, first: 512, refresh: 360 } as const;

/** `hashSeed`: random where it is not given. */
export function kernelOptions(settings: DetectionSettings, hashSeed: bigint | undefined): KernelOptions {
  const { capacities, model, incidents } = settings;
  const { maxSeries, maxEdges, maxGroups, maxRequestBytes } = capacities;
  return {
    maxSeries,
    maxEdges,
    maxServices: maxEdges * SERVICES_PER_EDGE,
    maxGroups,
    maxFeeds: maxGroups * FEEDS_PER_GROUP,
    inputLimitBytes: maxRequestBytes,
    hashSeed: hashSeed ?? randomBytes(8).readBigUInt64LE(),
    seed: model.seed,
    forest: { ...model.forest, ...FOREST },
    autoencoder: model.autoencoder,
    counts: model.counts,
    bytesDiscount: incidents.bytesDiscount,
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
