// Whose clock a series' times are from: senders of a cluster, known by what their resource says of where they run.
import type { KernelApi } from '../../kernel/api.js';
import type { Row } from '../rules/rows.js';
import type { GroupState, SenderClock } from './graph.js';

/** Which machine it is; failing that, which process. */
const IDENTITY = ['host.name', 'k8s.node.name', 'host.id', 'k8s.pod.name', 'container.id', 'service.instance.id'];

/** Senders of one such name, or of none, that are told apart in a group, by what comes in one request. */
const MAX_ALIKE = 16;
/** Event time after which a sender that told nothing gives way to another. */
const IDLE_NANOS = 3_600_000_000_000n;
/** New senders that go without a clock of their own before it is looked again for an idle one. */
const PATIENCE = 1000;

export interface SenderName {
  /** `host.name=node-a`; '' where the resource says nothing. */
  readonly name: string;
  /** Others may have it too: replicas of one service. */
  readonly isShared: boolean;
}

/** What the resource says of its sender. */
export function senderOf({ resource }: Row): SenderName {
  // Pixie's times are those of its queries, whichever node a row is about.
  if (resource.has('px.cluster.id') || resource.get('instrumentation.provider') === 'pixie')
    return { name: 'Pixie', isShared: false };
  for (const key of IDENTITY) {
    const value = resource.get(key);
    if (value !== undefined && value !== '') return { name: `${key}=${value}`, isShared: false };
  }
  const service = resource.get('service.name') ?? '';
  return { name: service === '' ? '' : `service.name=${service}`, isShared: true };
}

/** For people: what the sender calls itself. */
export function senderText(row: Row): string {
  return senderOf(row).name || 'a sender that names neither its host nor its service';
}

/** Slots of the clocks of those who share a name. */
export function alike({ clocks }: GroupState, name: string): Set<number> {
  const slots = new Set<number>();
  for (const [key, { slot }] of clocks) {
    const hash = key.lastIndexOf('#');
    if (hash >= 0 && key.slice(0, hash) === name) slots.add(slot);
  }
  return slots;
}

interface Idle {
  readonly group: GroupState;
  readonly key: string;
  readonly clock: SenderClock;
}

export class Clocks {
  /** Senders that found no room. */
  refused = 0;
  readonly #kernel: KernelApi;
  readonly #groups: readonly (GroupState | undefined)[];
  #wait = 0;

  constructor(kernel: KernelApi, groups: readonly (GroupState | undefined)[]) {
    this.#kernel = kernel;
    this.#groups = groups;
  }

  /** The clock of a named sender; undefined: there is no room, the group's own stands in. */
  named(group: GroupState, sender: string): SenderClock | undefined {
    return group.clocks.get(sender) ?? this.#add(group, sender, sender);
  }

  /** A clock for one more sender of a name that it shares, known by an edge of it. */
  another(group: GroupState, name: string, example: string): SenderClock | undefined {
    const number = alike(group, name).size;
    if (number === MAX_ALIKE) return undefined;
    const sender =
      name === '' ? `the sender of ${example}` : number === 0 ? name : `${name} (the sender of ${example})`;
    return this.#add(group, `${name}#${number}`, sender);
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
