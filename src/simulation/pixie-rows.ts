// The shop's windows as Pixie's export sink sends them: what deploy/pixie/scripts/{http,redis,postgresql}-edges.pxl
// produce. One ResourceMetrics a row (a pair of pods), no scope, no start times; px.cloud.address, then service.name,
// last of the resource.
import type { opentelemetry } from '#proto';
import { double, integer, type Template, TemplateWriter, TIME, template } from '../otlp/template.js';
import { Random } from './random.js';
import { CLUSTER, type Edge, NAMESPACE, type Protocol, SERVICES, serviceNamed } from './shop.js';
import type { EdgeWindow } from './traffic.js';

type IMetric = opentelemetry.proto.metrics.v1.IMetric;
type IKeyValue = opentelemetry.proto.common.v1.IKeyValue;

export const PROTOCOLS: readonly Protocol[] = ['http', 'redis', 'postgresql'];

const CLOUD_ADDRESS = 'withpixie.ai:443';
/** A load balancer's address: clients from outside have no pod. */
const OUTSIDE = { pod: '', address: '203.0.113.7' } as const;

interface Pod {
  /** `namespace/name`, as Pixie writes it. */
  readonly pod: string;
  readonly address: string;
}

const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

function podsOf(name: string, index: number, count: number): Pod[] {
  const random = new Random(0x90d, index);
  const letters = (length: number): string => Array.from({ length }, () => random.pick([...NAME_LETTERS])).join('');
  const replicaSet = letters(9);
  return Array.from({ length: count }, (_, i) => ({
    pod: `${NAMESPACE}/${name}-${replicaSet}-${letters(5)}`,
    address: `10.8.${index}.${10 + 7 * i}`,
  }));
}

/** Numbers of a row, in the order of the template's values. */
const VALUE = {
  requests: 0,
  latencySum: 1,
  p50: 2,
  p90: 3,
  p99: 4,
  errors: 5,
  requestBytes: 6,
  responseBytes: 7,
} as const;
const VALUES = 8;

const keyValue = (key: string, stringValue: string): IKeyValue => ({ key, value: { stringValue } });

function metricsOf(protocol: Protocol, attributes: IKeyValue[]): IMetric[] {
  const name = (what: string): string => `${protocol}.edge.${what}`;
  const gauge = (what: string, description: string, value: number, unit?: string): IMetric => ({
    name: name(what),
    description,
    ...(unit === undefined ? {} : { unit }),
    gauge: { dataPoints: [{ attributes, timeUnixNano: TIME, asInt: integer(value) }] },
  });
  const quantileValues = [
    { quantile: 0.5, value: double(VALUE.p50) },
    { quantile: 0.9, value: double(VALUE.p90) },
    { quantile: 0.99, value: double(VALUE.p99) },
  ];
  const point = { attributes, timeUnixNano: TIME, count: integer(VALUE.requests), sum: double(VALUE.latencySum) };
  const latency: IMetric = {
    name: name('latency'),
    description: 'Latency of the requests in the window',
    unit: 'ns',
    summary: { dataPoints: [{ ...point, quantileValues }] },
  };
  const requests = gauge('requests', 'Requests in the window', VALUE.requests);
  if (protocol !== 'http') return [latency, requests];
  return [
    latency,
    requests,
    gauge('errors', 'Responses in the window whose status is an error', VALUE.errors),
    gauge('req_bytes', 'Bytes of the request bodies in the window', VALUE.requestBytes, 'By'),
    gauge('resp_bytes', 'Bytes of the response bodies in the window', VALUE.responseBytes, 'By'),
  ];
}

function rowTemplate(edge: Edge, from: Pod, to: Pod): Template {
  const external = edge.source === undefined;
  const attributes = [
    keyValue('source.service.name', external ? '' : `${NAMESPACE}/${edge.source}`),
    keyValue('source.k8s.namespace.name', external ? '' : NAMESPACE),
    keyValue('source.k8s.pod.name', from.pod),
    keyValue('remote_addr', from.address),
  ];
  const resource = [
    keyValue('k8s.pod.name', to.pod),
    keyValue('k8s.namespace.name', NAMESPACE),
    keyValue('px.cluster.id', CLUSTER.id),
    keyValue('k8s.cluster.name', CLUSTER.name),
    keyValue('instrumentation.provider', 'pixie'),
    keyValue('px.cloud.address', CLOUD_ADDRESS),
    keyValue('service.name', `${NAMESPACE}/${edge.destination}`),
  ];
  const metrics = metricsOf(serviceNamed(edge.destination).protocol, attributes);
  return template({ resource: { attributes: resource }, scopeMetrics: [{ metrics }] });
}

/** One pair of pods' share of an edge's window. */
interface Share {
  readonly requests: number;
  readonly errors: number;
}

/** Spread of the latency within one pair of pods, deviations of its logarithm: makes the quantiles. */
const SPREAD = 0.6;
const NANOS = 1e9;

/** Writes windows as export requests, one a script. */
export class PixieSink {
  private readonly pods = new Map(SERVICES.map(({ name, pods }, i) => [name, podsOf(name, i + 1, pods)]));
  private readonly templates = new Map<string, Template>();
  private readonly random: Random;
  private readonly writer = new TemplateWriter();
  private readonly values = new Float64Array(VALUES);

  constructor(seed: number) {
    this.random = new Random(seed, 3);
  }

  /**
   * The request of one script's run that ends at this time; its rows are those of the windows that the script exports.
   */
  request(protocol: Protocol, windows: readonly EdgeWindow[], endUnixNano: bigint): Uint8Array {
    for (const window of windows) {
      if (serviceNamed(window.edge.destination).protocol === protocol) this.appendRows(window, endUnixNano);
    }
    return this.writer.take();
  }

  private appendRows(window: EdgeWindow, endUnixNano: bigint): void {
    const { edge } = window;
    const sources = edge.source === undefined ? [OUTSIDE] : (this.pods.get(edge.source) as Pod[]);
    const destinations = this.pods.get(edge.destination) as Pod[];
    const pairs = sources.flatMap((from) => destinations.map((to) => ({ from, to })));
    const shares = this.split(window, pairs.length);
    pairs.forEach(({ from, to }, i) => {
      const share = shares[i] as Share;
      if (share.requests === 0) return;
      this.fill(window, share);
      this.writer.append(this.templateOf(edge, from, to), endUnixNano, this.values);
    });
  }

  /** Requests and errors over the pairs, each request to any pair alike. */
  private split({ requests, errors }: EdgeWindow, pairs: number): Share[] {
    let [requestsLeft, errorsLeft] = [requests, errors];
    return Array.from({ length: pairs }, (_, i) => {
      const own = this.random.binomial(requestsLeft, 1 / (pairs - i));
      const least = Math.max(0, errorsLeft - (requestsLeft - own));
      const share = requestsLeft === 0 ? 0 : own / requestsLeft;
      const failed = Math.min(own, Math.max(least, this.random.binomial(errorsLeft, share)));
      requestsLeft -= own;
      errorsLeft -= failed;
      return { requests: own, errors: failed };
    });
  }

  private fill(window: EdgeWindow, { requests, errors }: Share): void {
    const mean = window.latency * NANOS * this.random.lognormal(0.1 / Math.sqrt(requests));
    const median = mean * Math.exp((-SPREAD * SPREAD) / 2);
    const share = requests / window.requests;
    this.values[VALUE.requests] = requests;
    this.values[VALUE.latencySum] = mean * requests;
    this.values[VALUE.p50] = median;
    this.values[VALUE.p90] = median * Math.exp(1.2816 * SPREAD);
    this.values[VALUE.p99] = median * Math.exp(2.3263 * SPREAD);
    this.values[VALUE.errors] = errors;
    this.values[VALUE.requestBytes] = Math.round(window.requestBytes * share);
    this.values[VALUE.responseBytes] = Math.round(window.responseBytes * share);
  }

  private templateOf(edge: Edge, from: Pod, to: Pod): Template {
    const key = `${edge.source ?? ''} ${from.pod} ${to.pod}`;
    const known = this.templates.get(key);
    if (known) return known;
    const made = rowTemplate(edge, from, to);
    this.templates.set(key, made);
    return made;
  }
}
