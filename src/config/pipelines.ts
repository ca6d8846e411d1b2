// What pipelines name: that it exists, fits their signal, is used on both sides where it is a connector, and forms no
// circle.
import type { Kind } from '../pipeline/index.js';
import { hint } from './apply.js';
import type { Report } from './components.js';
import { type ConfiguredComponent, type ConfiguredPipeline, KINDS, SECTIONS } from './gateway-config.js';
import { parsePipelineId } from './id.js';
import type { PipelineConfig, ServiceConfig } from './service-schema.js';

/** What the sections hold: every written id, and the components that are sound. */
export interface Sections {
  readonly written: Readonly<Record<Kind, ReadonlySet<string>>>;
  readonly components: Readonly<Record<Kind, ReadonlyMap<string, ConfiguredComponent>>>;
}

/** The three places of a pipeline and the kinds that may stand there. */
const PLACES: readonly { readonly key: keyof PipelineConfig; readonly kinds: readonly Kind[] }[] = [
  { key: 'receivers', kinds: ['receiver', 'connector'] },
  { key: 'processors', kinds: ['processor'] },
  { key: 'exporters', kinds: ['exporter', 'connector'] },
];

function readPipeline(key: string, config: PipelineConfig, report: Report): ConfiguredPipeline | undefined {
  const id = parsePipelineId(key);
  if (typeof id !== 'string') return { key, signal: id.signal, ...config };
  report(['service', 'pipelines', key], id);
  return undefined;
}

/** Signals that a component makes (as a pipeline's receiver) or takes. */
function signalsOf(component: ConfiguredComponent, place: keyof PipelineConfig): readonly string[] {
  const { factory } = component;
  return place === 'receivers' ? (factory.delivers ?? factory.signals) : factory.signals;
}

/** What is wrong with naming `id` in this place. */
function wrongReference(
  id: string,
  pipeline: ConfiguredPipeline,
  { key, kinds }: (typeof PLACES)[number],
  sections: Sections,
): string | undefined {
  const known = kinds.flatMap((kind) => [...sections.written[kind]]);
  if (!known.includes(id)) {
    return `"${id}" is not defined under ${kinds.map((kind) => SECTIONS[kind]).join(' or ')}${hint(id, known)}`;
  }
  const component = kinds.map((kind) => sections.components[kind].get(id)).find(Boolean);
  if (!component || signalsOf(component, key).includes(pipeline.signal)) return undefined;
  return `"${id}" cannot stand in a pipeline of ${pipeline.signal}, only of ${signalsOf(component, key).join(', ')}`;
}

function checkReferences(pipeline: ConfiguredPipeline, sections: Sections, report: Report): void {
  for (const place of PLACES) {
    for (const [index, id] of pipeline[place.key].entries()) {
      const twice = pipeline[place.key].indexOf(id) < index;
      const message = twice ? `"${id}" stands twice in this list` : wrongReference(id, pipeline, place, sections);
      if (message) report(['service', 'pipelines', pipeline.key, place.key, index], message);
    }
  }
}

function checkConnectors(pipelines: readonly ConfiguredPipeline[], sections: Sections, report: Report): void {
  for (const id of sections.written.connector) {
    if (sections.written.receiver.has(id) || sections.written.exporter.has(id)) {
      report(['connectors', id], 'a receiver or an exporter has the same id: pipelines could mean either');
    }
    const fed = pipelines.some((pipeline) => pipeline.exporters.includes(id));
    const read = pipelines.some((pipeline) => pipeline.receivers.includes(id));
    if (fed && !read) report(['connectors', id], 'some pipeline exports to it, but none has it among its receivers');
    if (read && !fed) report(['connectors', id], 'some pipeline receives from it, but none has it among its exporters');
  }
}

/** A circle of pipelines through connectors, as their keys; undefined where there is none. */
function findCircle(all: readonly ConfiguredPipeline[], connectors: ReadonlySet<string>): string[] | undefined {
  const done = new Set<ConfiguredPipeline>();
  const visit = (pipeline: ConfiguredPipeline, trail: readonly ConfiguredPipeline[]): string[] | undefined => {
    if (trail.includes(pipeline)) return [...trail.slice(trail.indexOf(pipeline)), pipeline].map((one) => one.key);
    if (done.has(pipeline)) return undefined;
    const bridges = pipeline.exporters.filter((id) => connectors.has(id));
    for (const next of all.filter((other) => other.receivers.some((id) => bridges.includes(id)))) {
      const circle = visit(next, [...trail, pipeline]);
      if (circle) return circle;
    }
    done.add(pipeline);
    return undefined;
  };
  for (const pipeline of all) {
    const circle = visit(pipeline, []);
    if (circle) return circle;
  }
  return undefined;
}

function checkUnused(
  service: ServiceConfig,
  pipelines: readonly ConfiguredPipeline[],
  sections: Sections,
  report: Report,
): void {
  for (const kind of KINDS) {
    const places = PLACES.filter((place) => place.kinds.includes(kind));
    const named = pipelines.flatMap((pipeline) => places.flatMap(({ key }) => pipeline[key]));
    const used = new Set(kind === 'extension' ? service.extensions : named);
    for (const id of sections.components[kind].keys()) {
      const where = kind === 'extension' ? 'service::extensions does not name it' : 'no pipeline names it';
      if (!used.has(id)) report([SECTIONS[kind], id], `is not used: ${where}`, 'warning');
    }
  }
}

/** Checks the service section against the component sections and returns its pipelines. */
export function readPipelines(service: ServiceConfig, sections: Sections, report: Report): ConfiguredPipeline[] {
  const entries = Object.entries(service.pipelines);
  if (entries.length === 0) report(['service', 'pipelines'], 'there must be at least one pipeline');
  const pipelines = entries.flatMap(([key, config]) => readPipeline(key, config, report) ?? []);
  for (const pipeline of pipelines) checkReferences(pipeline, sections, report);
  const extensions = [...sections.written.extension];
  for (const [index, id] of service.extensions.entries()) {
    const path = ['service', 'extensions', index];
    if (!extensions.includes(id)) report(path, `"${id}" is not defined under extensions${hint(id, extensions)}`);
    else if (service.extensions.indexOf(id) < index) report(path, `"${id}" stands twice in this list`);
  }
  checkConnectors(pipelines, sections, report);
  const circle = findCircle(pipelines, sections.written.connector);
  if (circle) report(['service', 'pipelines'], `connectors form a circle: ${circle.join(' → ')}`);
  checkUnused(service, pipelines, sections, report);
  return pipelines;
}
