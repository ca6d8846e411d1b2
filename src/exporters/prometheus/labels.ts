// Attributes as the label text of a series.
import type { opentelemetry } from '#proto';
import { labelsOf } from '../../telemetry/label-names.js';
import { escapeLabel } from './names.js';

export type KeyValue = opentelemetry.proto.common.v1.KeyValue.$Properties;
type AnyValue = opentelemetry.proto.common.v1.AnyValue.$Properties;
type LabelledResource = opentelemetry.proto.resource.v1.Resource.$Properties;
type Scope = opentelemetry.proto.common.v1.InstrumentationScope.$Properties;

const TARGET: ReadonlySet<string> = new Set(['job', 'instance']);

/** Label names that a histogram or a summary needs for itself. */
const RESERVED: ReadonlySet<string> = new Set(['le', 'quantile']);

/** Text of an attribute's value: strings as they are, everything else as JSON. */
export function labelValue(value: AnyValue | null | undefined): string {
  if (value?.stringValue != null) return value.stringValue;
  const json = plain(value);
  return json === undefined ? '' : JSON.stringify(json);
}

function plain(value: AnyValue | null | undefined): unknown {
  if (!value) return undefined;
  if (value.intValue != null) return Number(value.intValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map((one) => plain(one) ?? null);
  if (value.kvlistValue)
    return Object.fromEntries((value.kvlistValue.values ?? []).map((kv) => [kv.key, plain(kv.value)]));
  if (value.bytesValue) return Buffer.from(value.bytesValue).toString('base64');
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? undefined;
}

/**
 * A set of labels that grows from the general to the particular: a later name replaces an earlier one, but for the
 * target's.
 */
export class Labels {
  private readonly values: Map<string, string>;
  /**
   * `job` and `instance` belong to the target: what attributes of these names say is `exported_job` and
   * `exported_instance`.
   */
  private readonly ofTarget: boolean;

  constructor(base?: Labels, ofTarget: boolean = base?.ofTarget ?? false) {
    this.values = new Map(base?.values);
    this.ofTarget = ofTarget;
  }

  set(name: string, value: string): this {
    this.values.set(name, value);
    return this;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  addAttributes(attributes: readonly KeyValue[] | null | undefined): this {
    if (!attributes || attributes.length === 0) return this;
    const pairs = attributes.map(({ key, value }) => [key ?? '', labelValue(value)] as const);
    for (const [name, value] of labelsOf(pairs, (one) => this.isTaken(one))) this.values.set(name, value);
    return this;
  }

  private isTaken(name: string): boolean {
    return RESERVED.has(name) || (this.ofTarget && TARGET.has(name));
  }

  /** `a="1",b="2"`, names in order. */
  toString(): string {
    const names = [...this.values.keys()].sort((a, b) => (a < b ? -1 : 1));
    return names.map((name) => `${name}="${escapeLabel(this.values.get(name) as string)}"`).join(',');
  }
}

function text(resource: LabelledResource | null | undefined, key: string): string {
  return labelValue(resource?.attributes?.find((one) => one.key === key)?.value);
}

/** `job` and `instance`, as far as the resource says them; undefined where it says neither. */
export function targetLabels(resource: LabelledResource | null | undefined): Labels | undefined {
  const name = text(resource, 'service.name');
  const namespace = text(resource, 'service.namespace');
  const instance = text(resource, 'service.instance.id');
  if (name === '' && instance === '') return undefined;
  const labels = new Labels(undefined, true);
  if (name !== '') labels.set('job', namespace === '' ? name : `${namespace}/${name}`);
  if (instance !== '') labels.set('instance', instance);
  return labels;
}

const IDENTITY: ReadonlySet<string> = new Set(['service.name', 'service.namespace', 'service.instance.id']);

/** What a resource says beyond `job` and `instance`. */
export function descriptive(resource: LabelledResource | null | undefined): KeyValue[] {
  return (resource?.attributes ?? []).filter(({ key }) => !IDENTITY.has(key ?? ''));
}

/** `otel_scope_name` and `otel_scope_version` where the scope has them. */
export function addScope(labels: Labels, scope: Scope | null | undefined): Labels {
  if (scope?.name) labels.set('otel_scope_name', scope.name);
  if (scope?.version) labels.set('otel_scope_version', scope.version);
  return labels;
}
