// Which shapes of spans become which calls: every row of the table in docs/how-it-detects.md, in every order of
// arrival.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allCalls, CLIENT, CONSUMER, INNER, PRODUCER, SERVER, type SpanOptions, tally } from '../../support/spans.js';

interface Shape {
  readonly name: string;
  readonly spans: readonly SpanOptions[];
  readonly calls: Readonly<Record<string, number>>;
}

const span = (service: string, kind: number, id: number, parent?: number, more: Partial<SpanOptions> = {}) => ({
  service,
  kind,
  id,
  ...(parent === undefined ? {} : { parent }),
  ...more,
});
const named = (attributes: SpanOptions['attributes']): Partial<SpanOptions> => ({ attributes: attributes ?? {} });

const SHAPES: readonly Shape[] = [
  {
    name: 'client and server',
    spans: [span('web', CLIENT, 1), span('orders', SERVER, 2, 1)],
    calls: { 'web -> orders': 1 },
  },
  { name: 'a root server was called by somebody outside', spans: [span('web', SERVER, 1)], calls: { '? -> web': 1 } },
  {
    name: 'a client alone, its peer named',
    spans: [span('web', SERVER, 1), span('web', CLIENT, 2, 1, named({ 'db.system.name': 'postgresql' }))],
    calls: { '? -> web': 1, 'web -> postgresql': 1 },
  },
  { name: 'a client alone, its peer unknown', spans: [span('web', CLIENT, 1)], calls: { 'web -> ?': 1 } },
  {
    name: 'field case 02: both ends name each other',
    spans: [
      span('web', CLIENT, 1, undefined, named({ 'service.peer.name': 'orders' })),
      span('orders', SERVER, 2, 1, named({ 'service.peer.name': 'web' })),
    ],
    calls: { 'web -> orders': 1 },
  },
  {
    name: 'field case 02: both ends name each other, by older names',
    spans: [
      span('web', CLIENT, 1, undefined, named({ 'peer.service': 'orders-by-alias' })),
      span('orders', SERVER, 2, 1, named({ 'parent.service.name': 'web' })),
    ],
    calls: { 'web -> orders': 1 },
  },
  {
    name: 'a service that calls itself',
    spans: [span('web', CLIENT, 1), span('web', SERVER, 2, 1)],
    calls: { 'web -> web': 1 },
  },
  {
    name: "a database's client spans carry a resource of their own",
    spans: [
      span('customer', SERVER, 1),
      span('mysql', CLIENT, 2, 1, named({ 'peer.service': 'mysql' })),
      span('redis-manual', CLIENT, 3, 1, { error: true }),
    ],
    calls: { '? -> customer': 1, 'customer -> mysql': 1, 'customer -> redis-manual !': 1 },
  },
  {
    name: 'such a client below an inner span',
    spans: [span('customer', SERVER, 1), span('customer', INNER, 2, 1), span('mysql', CLIENT, 3, 2)],
    calls: { '? -> customer': 1, 'customer -> mysql': 1 },
  },
  {
    name: 'a proxy with client spans only, below an inner span',
    spans: [span('web', INNER, 1), span('envoy', CLIENT, 2, 1), span('orders', SERVER, 3, 2)],
    calls: { 'web -> envoy': 1, 'envoy -> orders': 1 },
  },
  {
    name: 'inner spans between, on either side',
    spans: [
      span('web', CLIENT, 1),
      span('web', INNER, 2, 1),
      span('orders', INNER, 3, 2),
      span('orders', SERVER, 4, 3),
    ],
    calls: { 'web -> orders': 1 },
  },
  {
    name: 'an inner wrapper around the server of a root',
    spans: [span('web', INNER, 1), span('web', SERVER, 2, 1)],
    calls: { '? -> web': 1 },
  },
  {
    name: 'attempts that the client does not see: several servers below it',
    spans: [span('web', CLIENT, 1), span('orders', SERVER, 2, 1, { error: true }), span('orders', SERVER, 3, 1)],
    calls: { 'web -> orders': 1 },
  },
  {
    name: 'attempts of a sidecar that is named as its application',
    spans: [
      span('web', CLIENT, 1),
      span('web', CLIENT, 2, 1, { error: true }),
      span('web', CLIENT, 3, 1),
      span('orders', SERVER, 4, 3),
    ],
    calls: { 'web -> orders': 1 },
  },
  {
    name: 'attempts of a proxy with a name of its own, one of which did not arrive',
    spans: [
      span('web', CLIENT, 1),
      span('envoy', CLIENT, 2, 1, { error: true }),
      span('envoy', CLIENT, 3, 1),
      span('orders', SERVER, 4, 3),
    ],
    calls: { 'web -> envoy': 1, 'envoy -> orders': 1, 'envoy -> orders !': 1 },
  },
  {
    name: 'a proxy with both spans, and two attempts',
    spans: [
      span('web', CLIENT, 1),
      span('envoy', SERVER, 2, 1),
      span('envoy', CLIENT, 3, 2),
      span('envoy', CLIENT, 4, 2),
      span('orders', SERVER, 5, 3, { error: true }),
      span('orders', SERVER, 6, 4),
    ],
    calls: { 'web -> envoy': 1, 'envoy -> orders': 1, 'envoy -> orders !': 1 },
  },
  {
    name: "a sidecar's server span above the application's",
    spans: [span('web', CLIENT, 1), span('orders', SERVER, 2, 1), span('orders', SERVER, 3, 2)],
    calls: { 'web -> orders': 1 },
  },
  {
    name: 'a gateway with server spans only',
    spans: [span('gateway', SERVER, 1), span('orders', SERVER, 2, 1)],
    calls: { '? -> gateway': 1, 'gateway -> orders': 1 },
  },
  {
    name: 'two services below one client span',
    spans: [span('web', CLIENT, 1), span('orders', SERVER, 2, 1), span('audit', SERVER, 3, 1)],
    calls: { 'web -> orders': 1, 'web -> audit': 1 },
  },
  {
    name: 'a lower layer names whom the upper called',
    spans: [span('web', CLIENT, 1), span('web', CLIENT, 2, 1, named({ 'server.address': 's3.example' }))],
    calls: { 'web -> s3.example': 1 },
  },
  {
    name: "a callee without a server span, and its own calls, are told apart by the callee's names",
    spans: [
      span('web', CLIENT, 1),
      span('lambda', CLIENT, 2, 1, named({ 'db.system': 'dynamodb' })),
      span('lambda', CLIENT, 3, 1),
      span('orders', SERVER, 4, 3),
    ],
    calls: { 'web -> lambda': 1, 'lambda -> dynamodb': 1, 'lambda -> orders': 1 },
  },
  {
    name: "Zipkin's shared ids",
    spans: [
      span('web', SERVER, 1),
      span('web', CLIENT, 2, 1),
      span('orders', SERVER, 2, 1),
      span('orders', CLIENT, 3, 2, named({ 'db.system': 'mysql' })),
    ],
    calls: { '? -> web': 1, 'web -> orders': 1, 'orders -> mysql': 1 },
  },
  {
    name: 'field case 16: a message, by its destination',
    spans: [
      span('web', PRODUCER, 1, undefined, named({ 'messaging.destination.name': 'orders' })),
      span('shipping', CONSUMER, 2, 1, named({ 'messaging.destination.name': 'orders' })),
    ],
    calls: { 'web -> orders': 1, 'orders -> shipping': 1 },
  },
  {
    name: 'a message by older names, two consumers of it, one by link only',
    spans: [
      span('web', PRODUCER, 1, undefined, named({ 'messaging.destination': 'orders', 'peer.service': 'kafka' })),
      span('shipping', CONSUMER, 2, 1, named({ 'messaging.destination': 'orders' })),
      span('audit', CONSUMER, 3, undefined, named({ 'messaging.source.name': 'orders' })),
    ],
    calls: { 'web -> orders': 1, 'orders -> shipping': 1, 'orders -> audit': 1 },
  },
  {
    name: 'a queue made up for one use goes by its broker',
    spans: [
      span(
        'web',
        PRODUCER,
        1,
        undefined,
        named({
          'messaging.system': 'rabbitmq',
          'messaging.destination.name': 'amq.gen-1',
          'messaging.destination.temporary': true,
        }),
      ),
      span('shipping', CONSUMER, 2, 1, named({ 'messaging.system': 'rabbitmq' })),
    ],
    calls: { 'web -> rabbitmq': 1, 'rabbitmq -> shipping': 1 },
  },
  {
    name: 'client spans that send, receive and settle',
    spans: [
      span(
        'web',
        CLIENT,
        1,
        undefined,
        named({ 'messaging.destination.name': 'q', 'messaging.operation.type': 'send' }),
      ),
      span('shop', CLIENT, 2, 1, named({ 'messaging.destination.name': 'q', 'messaging.operation.type': 'receive' })),
      span('shop', CLIENT, 3, 1, named({ 'messaging.destination.name': 'q', 'messaging.operation.type': 'settle' })),
    ],
    calls: { 'web -> q': 1, 'q -> shop': 1 },
  },
  {
    name: 'a message of which nothing is named is a call',
    spans: [span('web', PRODUCER, 1), span('shipping', CONSUMER, 2, 1)],
    calls: { 'web -> shipping': 1 },
  },
];

/** All spans in one request; one each, first to last and last to first. */
function orders(spans: readonly SpanOptions[]): SpanOptions[][][] {
  const each = spans.map((one) => [one]);
  return [[[...spans]], each, each.toReversed()];
}

describe('shapes of spans', () => {
  for (const { name, spans, calls } of SHAPES)
    it(name, () => {
      for (const requests of orders(spans)) assert.deepEqual(tally(allCalls(requests)), calls);
    });
});
