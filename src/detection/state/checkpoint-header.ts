// What stands in front of a checkpoint: who wrote it, for which configuration, and how far it goes.
import type { KernelOptions } from '../../kernel/api.js';
import { stateLayout } from '../../kernel/state-layout.js';
import type { Detector } from '../detector.js';
import type { SettingsTexts } from '../settings.js';
import type { CheckpointHeader } from './checkpoint.js';

interface Writer {
  /** Of the program. */
  readonly version: string;
  readonly kernel: KernelOptions;
  readonly texts: SettingsTexts;
}

export function checkpointHeader({ edges }: Detector, { version, kernel, texts }: Writer): CheckpointHeader {
  return {
    program: version,
    created: new Date().toISOString(),
    ...stateLayout(),
    kernel: { ...kernel, hashSeed: String(kernel.hashSeed) },
    ...texts,
    edges: edges.count,
    watermarks: edges.liveGroups().map(({ cluster, windowMs, timeUnixNano }) => ({
      cluster: cluster.id,
      window: `${windowMs / 1000}s`,
      time: new Date(Number(timeUnixNano / 1_000_000n)).toISOString(),
    })),
  };
}
