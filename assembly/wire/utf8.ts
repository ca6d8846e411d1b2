// Whether bytes are UTF-8 (RFC 3629), sixteen at a time while they are ASCII.

/** Of the first byte, what the second one may be: [least, most]; `followers`: bytes that follow it. */
function followersOf(byte: u32): i32 {
  if (byte >= 0xc2 && byte <= 0xdf) return 1;
  if (byte >= 0xe0 && byte <= 0xef) return 2;
  return byte >= 0xf0 && byte <= 0xf4 ? 3 : 0;
}

function isSecond(first: u32, byte: u32): bool {
  const least: u32 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const most: u32 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  return byte >= least && byte <= most;
}

/** The address behind the character at `at`; 0: there is none. */
function behindCharacter(at: usize, end: usize): usize {
  const first: u32 = load<u8>(at);
  if (first < 0x80) return at + 1;
  const followers = <usize>followersOf(first);
  if (followers == 0 || end - at <= followers || !isSecond(first, load<u8>(at, 1))) return 0;
  for (let i: usize = 2; i <= followers; i++) if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  return at + followers + 1;
}

export function isUtf8(start: usize, end: usize): bool {
  let at = start;
  while (at < end) {
    while (at + 16 <= end && i8x16.bitmask(v128.load(at)) == 0) at += 16;
    // Up to the next whole vector, or the end: characters one by one.
    const until = min(at + 16, end);
    while (at < until) {
      at = behindCharacter(at, end);
      if (at == 0) return false;
    }
  }
  return true;
}
