// Remembers hashes of byte ranges whose structure was checked before: resources and attributes repeat in every request.
//
// Direct-mapped: a newer hash takes the place of an older one, whose bytes are then walked again. A pure memo: no result depends on it.
import { scratch } from '../memory';

const SLOTS: usize = 1 << 15;
let slots: usize = 0;

export function knownInit(): void {
  slots = scratch(SLOTS << 3);
}

// @ts-ignore: decorator
@inline
export function isKnown(hash: u64): bool {
  return load<u64>(slots + ((<usize>hash & (SLOTS - 1)) << 3)) == hash;
}

// @ts-ignore: decorator
@inline
export function remember(hash: u64): void {
  store<u64>(slots + ((<usize>hash & (SLOTS - 1)) << 3), hash);
}
