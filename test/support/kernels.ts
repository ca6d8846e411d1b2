// Small kernels for tests.
import type { KernelOptions } from '../../src/kernel/api.js';
import { Kernel } from '../../src/kernel/kernel.js';

export const SMALL: KernelOptions = {
  maxSeries: 1000,
  maxEdges: 256,
  maxServices: 256,
  maxGroups: 8,
  maxFeeds: 32,
  inputLimitBytes: 8 << 20,
  hashSeed: 0x1234_5678_9abc_def0n,
  seed: 1,
  forest: { enabled: false, trees: 100, subsample: 256, reservoir: 4096, period: 2048, first: 512, refresh: 360 },
};

export function smallKernel(options: Partial<KernelOptions> = {}): Kernel {
  return Kernel.create({ ...SMALL, ...options });
}
