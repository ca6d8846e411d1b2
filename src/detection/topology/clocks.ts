// Whose clock a series' times are from: senders of a cluster, known by what their resource says of where they run.
import type { KernelFace } from '../../kernel/face.js';
import type { Row } from '../rules/rows.js';
import type { GroupState, SenderClock } from './graph.js';

/** Which machine it is; failing that, which process; failing that, which service. */
const IDENTITY = [
  'host.name',
  'k8s.node.name',
  'host.id',
  'k8s.pod.name',
  'container.id',
  'service.instance.id',
  'service.name',
];

/** Names that senders without one have here. */
const UNNAMED = /^#\d+$/;
/** Senders without a name that are told apart in a group, by what comes in one request. */
const MAX_UNNAMED = 16;
/** Event time after which a sender that told nothing gives way to another. */
const IDLE_NANOS = 3_600_000_000_000n;
/** New senders that go without a clock of their own before it is looked again for an idle one. */
const PATIENCE = 1000;

/** What the resource says of its sender; undefined: nothing. */
export function senderOf({ resource }: Row): string | undefined {
  // Pixie's times are those of its queries, whichever node a row is about.
  if (resource.has('px.cluster.id') || resource.get('instrumentation.provider') === 'pixie') return 'Pixie';
  for (const key of IDENTITY) {
    const value = resource.get(key);
    if (value !== undefined && value !== '') return `${key}=${value}`;
  }
  return undefined;
}

/** Whether the sender of this key is one that has no name. */
export function isUnnamed(key: string): boolean {
  return UNNAMED.test(key);
}

interface Idle {
  readonly group: GroupState;
  readonly key: string;
  readonly clock: SenderClock;
}

export class Clocks {
  /** Senders that found no room. */
  refused = 0;
  readonly #kernel: KernelFace;
  readonly #groups: readonly (GroupState | undefined)[];
  #wait = 0;

  constructor(kernel: KernelFace, groups: readonly (GroupState | undefined)[]) {
    this.#kernel = kernel;
    this.#groups = groups;
  }

  /** The clock of a named sender; undefined: there is no room, the group's own stands in. */
  named(group: GroupState, sender: string): SenderClock | undefined {
    return group.clocks.get(sender) ?? this.#add(group, sender, sender);
  }

  /** A clock for a sender without a name, known by an edge of it. */
  unnamed(group: GroupState, example: string): SenderClock | undefined {
    const number = [...group.clocks.keys()].filter(isUnnamed).length;
    return number < MAX_UNNAMED ? this.#add(group, `#${number}`, `the sender of ${example}`) : undefined;
  }

  #add(group: GroupState, key: string, sender: string): SenderClock | undefined {
    const slot = this.#slot(group);
    if (slot < 0) {
      this.refused++;
      return undefined;
    }
    const clock = { slot, sender };
    group.clocks.set(key, clock);
    return clock;
  }

  #slot(group: GroupState): number {
    const slot = this.#kernel.addClock(group.slot);
    if (slot >= 0 || this.#wait-- > 0) return slot;
    this.#wait = PATIENCE;
    const idle = this.#idlest();
    if (!idle || !this.#kernel.renewClock(idle.clock.slot, group.slot)) return -1;
    idle.group.clocks.delete(idle.key);
    return idle.clock.slot;
  }

  /** The clock that has been silent longest, for long enough. */
  #idlest(): Idle | undefined {
    let longest = IDLE_NANOS;
    let found: Idle | undefined;
    for (const group of this.#groups) {
      if (!group) continue;
      const times = new Map([...group.clocks].map(([key, { slot }]) => [key, this.#kernel.clock(slot).newestUnixNano]));
      const newest = [...times.values()].reduce((a, b) => (a > b ? a : b), 0n);
      for (const [key, clock] of group.clocks) {
        const silence = newest - (times.get(key) ?? 0n);
        if (silence > longest) [longest, found] = [silence, { group, key, clock }];
      }
    }
    return found;
  }
}
