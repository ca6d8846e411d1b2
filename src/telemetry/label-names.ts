// Attributes as labels of Prometheus, for every page that we serve.

/** An attribute's key as a label name. */
export function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, '_');
  if (/^\d/.test(name)) return `key_${name}`;
  // Two underscores in front are Prometheus' own.
  return /^_/.test(name) ? `key${name}` : name || '_';
}

/**
 * Attributes by label name. A name that is `taken` is told apart as Prometheus does it: `exported_` in front. Keys that
 * become the same label keep all their values, in the order of the keys, as the OpenTelemetry specification says.
 */
export function labelsOf(
  attributes: readonly (readonly [key: string, value: string])[],
  taken: (name: string) => boolean,
): Map<string, string> {
  const byName = new Map<string, (readonly [key: string, value: string])[]>();
  for (const attribute of attributes) {
    let name = labelName(attribute[0]);
    while (taken(name)) name = `exported_${name}`;
    byName.set(name, [...(byName.get(name) ?? []), attribute]);
  }
  return new Map([...byName].map(([name, all]) => [name, joined(all)]));
}

function joined(all: (readonly [key: string, value: string])[]): string {
  if (all.length > 1) all.sort(([a], [b]) => (a < b ? -1 : 1));
  return all.map(([, value]) => value).join(';');
}

/** Prometheus' lexer takes a zero byte for the end of the page. */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}
