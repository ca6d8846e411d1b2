// The presets by name.
import type { Tier } from '../feature-rule.js';
import { edge } from './edge.js';
import { hubble } from './hubble.js';
import { istio } from './istio.js';
import { linkerd } from './linkerd.js';
import { network } from './network.js';
import { pixie } from './pixie.js';
import { semconv } from './semconv.js';
import { servicegraph } from './servicegraph.js';
import { spanmetrics } from './spanmetrics.js';
import { spans } from './spans.js';

/** In order of trust, all of them taken by default: both ends known before one, spans and proxies before addresses. */
export const PRESET_NAMES = [
  'edge',
  'pixie',
  'servicegraph',
  'spanmetrics',
  'spans',
  'istio',
  'linkerd',
  'hubble',
  'semconv',
  'network',
] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export const PRESETS: Readonly<Record<PresetName, readonly Tier[]>> = {
  edge,
  pixie,
  servicegraph,
  spanmetrics,
  spans,
  istio,
  linkerd,
  hubble,
  semconv,
  network,
};
