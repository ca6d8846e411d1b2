// Names that stand for nobody in particular: whoever carries one is external.
import { compileGlob, matchesAny } from './glob.js';

const WORDS = ['unknown', 'none', 'null', 'nil', 'unset', 'empty', 'not set'];
const BRACKETS = ['<>', '()', '[]', '**'];

/** Zipkin has `*unknown*`, Go `<nil>`, C `(null)`. */
const NO_VALUE: readonly string[] = [
  ...['-', '--', '?', 'n/a', 'undefined', 'none', 'null', 'nil', 'not_set'],
  ...WORDS.flatMap((word) => BRACKETS.map(([open, close]) => `${open}${word}${close}`)),
];

/** Compared without regard to case; `*` stands at the end alone. */
export const PLACEHOLDERS: readonly string[] = [
  // Istio, Kiali, the service graphs of the Collector and of Tempo: no information about the peer.
  'unknown',
  // Istio, Envoy: hosts that are in no registry
  // (https://istio.io/latest/blog/2019/monitoring-external-service-traffic/).
  'passthroughcluster',
  'inboundpassthroughcluster*',
  'blackholecluster',
  // OpenTelemetry eBPF instrumentation and Beyla: `attributes.rename_unresolved_hosts` and its two companions.
  'unresolved',
  'outgoing',
  'incoming',
  // Cilium's reserved identities: world, host, remote-node, kube-apiserver …
  'reserved:*',
  // What programs write for "no value" (`none`: Micrometer).
  ...NO_VALUE,
];

/** Namespaces that are none. */
const NO_NAMESPACE: ReadonlySet<string> = new Set(['unknown', ...NO_VALUE]);

/** '' where the text stands for no namespace. */
export function namespaceOf(text: string): string {
  return NO_NAMESPACE.has(text.toLowerCase()) ? '' : text;
}

/** True where one of a service's texts (as written, its name, `namespace/name`) names nobody. */
export type Placeholder = (...texts: readonly string[]) => boolean;

const literal = new Set(PLACEHOLDERS.filter((name) => !name.includes('*')));
const prefixes = PLACEHOLDERS.filter((name) => name.includes('*')).map((name) => name.slice(0, -1));

function isBuiltIn(text: string): boolean {
  const lower = text.toLowerCase();
  return literal.has(lower) || prefixes.some((prefix) => lower.startsWith(prefix));
}

/** `names` are globs of further names; `!name` says that services of such a name are real ones. */
export function compilePlaceholders(names: readonly string[]): Placeholder {
  const more = names.filter((name) => !name.startsWith('!')).map(compileGlob);
  const real = names.filter((name) => name.startsWith('!')).map((name) => compileGlob(name.slice(1)));
  const isOne = (text: string) => isBuiltIn(text) || matchesAny(more, text);
  return (...texts) => texts.some(isOne) && !texts.some((text) => matchesAny(real, text));
}
