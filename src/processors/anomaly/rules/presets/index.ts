// The presets by name.
import type { Tier } from '../rules.js';
import { edge } from './edge.js';
import { pixie } from './pixie.js';
import { servicegraph } from './servicegraph.js';
import { spanmetrics } from './spanmetrics.js';
import { spans } from './spans.js';

export const PRESET_NAMES = ['edge', 'pixie', 'servicegraph', 'spanmetrics', 'spans'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export const PRESETS: Readonly<Record<PresetName, readonly Tier[]>> = { edge, pixie, servicegraph, spanmetrics, spans };
