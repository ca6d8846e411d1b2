// Compares bytes, whole vectors at a time.

// @ts-ignore: decorator
@inline
function differAt(a: usize, b: usize): v128 {
  return v128.xor(v128.load(a), v128.load(b));
}

/** Whether [a, a + bytes) and [b, b + bytes) are equal. Reads nothing outside of them. */
export function isSame(a: usize, b: usize, bytes: usize): bool {
  if (bytes < 16) return isSameShort(a, b, bytes);
  const last = a + bytes - 16;
  const offset = b - a;
  for (; a + 48 <= last; a += 64) {
    const near = v128.or(differAt(a, a + offset), differAt(a + 16, a + 16 + offset));
    const far = v128.or(differAt(a + 32, a + 32 + offset), differAt(a + 48, a + 48 + offset));
    if (v128.any_true(v128.or(near, far))) return false;
  }
  for (; a < last; a += 16) if (v128.any_true(differAt(a, a + offset))) return false;
  // The last vector overlaps those before it.
  return !v128.any_true(differAt(last, last + offset));
}

function isSameShort(a: usize, b: usize, bytes: usize): bool {
  const end = a + bytes;
  const offset = b - a;
  if (bytes >= 8) return load<u64>(a) == load<u64>(b) && load<u64>(end - 8) == load<u64>(end - 8 + offset);
  while (a < end) {
    if (load<u8>(a) != load<u8>(a + offset)) return false;
    a++;
  }
  return true;
}
