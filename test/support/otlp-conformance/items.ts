// OTLP's demands, each with a probe that says in a few words what a peer does; the same for this gateway and for the
// stock Collector. Where `ours` is another answer than the Collector's, the specification is why.
import { gzipSync } from 'node:zlib';
import { opentelemetry } from '#proto';
import { SIGNALS } from '../../../src/pipeline/index.js';
import {
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  formOf,
  grpc,
  hex,
  http,
  JSON_TYPE,
  json,
  large,
  metric,
  nameOf,
  PROTOBUF,
} from './ask.js';
import { type Bench, code, type HopAnswer, httpStatus } from './bench.js';

export interface Item {
  readonly id: string;
  readonly demand: string;
  /** What this gateway has to answer. */
  readonly ours: string;
  readonly probe: (bench: Bench) => Promise<string>;
}

const RETRYABLE_CODES = [1, 4, 10, 11, 14, 15];
const FINAL_CODES = [2, 3, 5, 6, 7, 9, 12, 13, 16];
const RETRYABLE_STATUSES = [429, 502, 503, 504];
const FINAL_STATUSES = [400, 401, 403, 404, 405, 413, 500, 501];

/** Which of these a client takes as a reason to send the request again, as a list of what it does with each. */
async function retried(
  send: () => Promise<unknown>,
  hop: Bench['grpcHop'],
  answers: readonly (readonly [name: string, answer: HopAnswer])[],
): Promise<string> {
  const again: string[] = [];
  const once: string[] = [];
  for (const [name, answer] of answers) {
    const before = hop.seen.length;
    hop.answers = [answer];
    await send();
    (hop.seen.length - before > 1 ? again : once).push(name);
    hop.answers = [];
  }
  return [again.length > 0 ? `again: ${again.join(' ')}` : '', once.length > 0 ? `once: ${once.join(' ')}` : '']
    .filter((part) => part !== '')
    .join('; ');
}

/** Pause between the first attempt and the second. */
async function pauseOf(send: () => Promise<unknown>, hop: Bench['grpcHop'], answer: HopAnswer): Promise<number> {
  const before = hop.seen.length;
  hop.answers = [answer];
  await send();
  const [first, second] = hop.seen.slice(before);
  return first && second ? second.atMs - first.atMs : Number.NaN;
}

const atLeast = (pauseMs: number, askedMs: number): string =>
  Number.isNaN(pauseMs) ? 'not sent again' : pauseMs >= askedMs ? 'waits that long' : 'comes sooner';

/** What arrives at the next hop of a request that went through. */
async function forwarded(bench: Bench, body: Buffer): Promise<string> {
  const before = bench.grpcHop.seen.length;
  const answer = await grpc(bench.toGrpc.grpc, { body });
  if (answer.status !== 0) return nameOf(answer.status);
  const arrived = bench.grpcHop.seen[before]?.body;
  const same = (bytes: Uint8Array): string => JSON.stringify(ExportMetricsServiceRequest.decode(bytes));
  return arrived && same(arrived) === same(body) ? 'taken, and arrives as it was' : 'taken, and arrives changed';
}

/** The span that arrives of OTLP/JSON. */
async function spanOfJson(bench: Bench, span: string): Promise<string> {
  const before = bench.httpHop.seen.length;
  const answer = await json(bench.toHttp.http, `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`, 'traces');
  if (answer.status !== 200) return `${answer.status}`;
  const arrived = ExportTraceServiceRequest.decode(bench.httpHop.seen[before]!.body);
  const [first] = arrived.resourceSpans[0]?.scopeSpans?.[0]?.spans ?? [];
  return first
    ? `${hex(first.traceId ?? new Uint8Array())} ${first.kind ?? 0} ${first.startTimeUnixNano ?? 0}`
    : 'nothing';
}

/** OTLP/JSON that a client makes of a request. */
async function jsonOf(bench: Bench, body: Uint8Array): Promise<string> {
  const before = bench.httpHop.seen.length;
  await http(bench.toJson.http, { body, signal: 'traces' });
  return bench.httpHop.seen[before]?.body.toString() ?? '';
}

function spanBody(): Uint8Array {
  const span = {
    traceId: Buffer.alloc(16, 0xab),
    spanId: Buffer.alloc(8, 0xcd),
    name: 'probe',
    kind: 2,
    startTimeUnixNano: '1700000000000000001',
    attributes: [
      { key: 'nan', value: { doubleValue: Number.NaN } },
      { key: 'far', value: { doubleValue: Number.NEGATIVE_INFINITY } },
      { key: 'bytes', value: { bytesValue: Buffer.from([1, 2, 3]) } },
      { key: 'int', value: { intValue: '9007199254740993' } },
    ],
  };
  const { ExportTraceServiceRequest: Request } = opentelemetry.proto.collector.trace.v1;
  return Request.encode(Request.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).finish();
}

const ODD_VALUES = [
  { key: 'empty', value: {} },
  { key: 'none' },
  { key: 'bytes', value: { bytesValue: Buffer.from([0, 255]) } },
  { key: 'map', value: { kvlistValue: { values: [{ key: 'a', value: { intValue: 1 } }] } } },
  {
    key: 'mixed',
    value: { arrayValue: { values: [{ intValue: 1 }, { stringValue: 'x' }, {}, { boolValue: true }] } },
  },
];

const codesOf = (numbers: readonly number[]): [string, HopAnswer][] =>
  numbers.map((number) => [nameOf(number), code(number)]);
const statusesOf = (numbers: readonly number[]): [string, HopAnswer][] =>
  numbers.map((number) => [String(number), httpStatus(number)]);
const overGrpc = (bench: Bench) => () => grpc(bench.toGrpc.grpc);
const overHttp = (bench: Bench) => () => http(bench.toHttp.http);

/** Fills a queue that holds one request, and says what the request after it is told. */
async function overload(bench: Bench): Promise<{ grpc: string; http: string }> {
  for (let i = 0; i < 20; i++) {
    const answer = await grpc(bench.full.grpc);
    if (answer.status === 0) continue;
    const told = `${nameOf(answer.status)}, ${answer.retryAfterMs === undefined ? 'no RetryInfo' : 'with RetryInfo'}`;
    const over = await http(bench.full.http);
    const after = over.headers.get('retry-after') === null ? 'no Retry-After' : 'with Retry-After';
    return { grpc: told, http: `${over.status}, ${after}` };
  }
  return { grpc: 'takes everything', http: 'takes everything' };
}

export const ITEMS: readonly Item[] = [
  {
    id: 'O1',
    demand: 'Servers MUST take gzip and uncompressed, over both transports',
    ours: 'gRPC OK OK, HTTP 200 200',
    probe: async ({ plain }) => {
      const [one, other] = [await grpc(plain.grpc), await grpc(plain.grpc, { gzip: true })];
      const [third, fourth] = [await http(plain.http), await http(plain.http, { gzip: true })];
      return `gRPC ${nameOf(one.status)} ${nameOf(other.status)}, HTTP ${third.status} ${fourth.status}`;
    },
  },
  {
    id: 'O2',
    demand: 'An empty request SHOULD be a success',
    ours: 'gRPC OK, HTTP 200, JSON {} 200, JSON without a body 200',
    probe: async ({ plain }) => {
      const body = Buffer.alloc(0);
      const answers = [await http(plain.http, { body }), await json(plain.http, '{}'), await json(plain.http, '')];
      const [proto, object, nothing] = answers.map(({ status }) => status);
      const over = nameOf((await grpc(plain.grpc, { body })).status);
      return `gRPC ${over}, HTTP ${proto}, JSON {} ${object}, JSON without a body ${nothing}`;
    },
  },
  {
    id: 'O3',
    demand: 'A success MUST leave partial_success unset',
    ours: 'gRPC empty, HTTP empty, JSON {}',
    probe: async ({ plain }) => {
      const [one, two] = [await grpc(plain.grpc), await http(plain.http)];
      const object = await json(plain.http, '{"resourceMetrics":[{}]}');
      return `gRPC ${hex(one.data.subarray(5))}, HTTP ${hex(two.body)}, JSON ${object.body}`;
    },
  },
  {
    id: 'O4',
    demand: 'A partial success MUST NOT be sent again',
    ours: 'gRPC once, HTTP once',
    probe: async (bench) => {
      const { ExportMetricsServiceResponse: Response } = opentelemetry.proto.collector.metrics.v1;
      const partial = Response.encode({
        partialSuccess: { rejectedDataPoints: 1 as never, errorMessage: 'bad' },
      }).finish();
      const { ok } = await import('../grpc-server.js');
      const times = async (hop: Bench['grpcHop'], send: () => Promise<unknown>, answer: HopAnswer): Promise<string> => {
        const before = hop.seen.length;
        hop.answers = [answer];
        await send();
        return hop.seen.length - before === 1 ? 'once' : 'again';
      };
      const one = await times(bench.grpcHop, overGrpc(bench), ({ grpc: stream }) => ok(partial)({ stream } as never));
      const other = await times(bench.httpHop, overHttp(bench), ({ http: response }) =>
        response!.writeHead(200, { 'content-type': PROTOBUF }).end(partial),
      );
      return `gRPC ${one}, HTTP ${other}`;
    },
  },
  {
    id: 'O5',
    demand: 'Attribute values may be empty, bytes, maps and arrays of several types',
    ours: 'taken, and arrives as it was',
    probe: (bench) => forwarded(bench, metric(ODD_VALUES)),
  },
  {
    id: 'G1',
    demand: 'Unary Export of each service; other methods are UNIMPLEMENTED',
    ours: 'OK OK OK, other UNIMPLEMENTED',
    probe: async ({ plain }) => {
      const body = Buffer.alloc(0);
      const codes = [];
      for (const signal of SIGNALS) codes.push(nameOf((await grpc(plain.grpc, { signal, body })).status));
      const other = await grpc(plain.grpc, {
        headers: { ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Import' },
      });
      return `${codes.join(' ')}, other ${nameOf(other.status)}`;
    },
  },
  {
    id: 'G2',
    demand: 'Beyond the size limit, also after decompression, MUST be RESOURCE_EXHAUSTED without RetryInfo',
    ours: 'RESOURCE_EXHAUSTED, gzip RESOURCE_EXHAUSTED, no RetryInfo',
    probe: async ({ small }) => {
      const body = large(3 << 20);
      const [plain, packed] = [await grpc(small.grpc, { body }), await grpc(small.grpc, { body, gzip: true })];
      const info = [plain, packed].every(({ retryAfterMs }) => retryAfterMs === undefined) ? 'no' : 'with';
      return `${nameOf(plain.status)}, gzip ${nameOf(packed.status)}, ${info} RetryInfo`;
    },
  },
  {
    id: 'G3',
    demand: 'Responses MUST stay below a limit (4 MiB recommended)',
    ours: 'below',
    probe: async ({ plain }) => {
      const path = `/${'x'.repeat(4000)}/Export`;
      const answers = [await grpc(plain.grpc), await grpc(plain.grpc, { headers: { ':path': path } })];
      return answers.every(({ data, message }) => data.length + message.length < 65_536) ? 'below' : 'beyond';
    },
  },
  {
    id: 'G4',
    demand: 'Data that cannot be decoded SHOULD be INVALID_ARGUMENT',
    ours: 'INVALID_ARGUMENT',
    probe: async ({ plain }) => nameOf((await grpc(plain.grpc, { body: Buffer.from([0x0a, 0xff, 0xff]) })).status),
  },
  {
    id: 'G5 retryable',
    demand: 'Clients send again after CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS',
    ours: `again: ${RETRYABLE_CODES.map(nameOf).join(' ')}`,
    probe: (bench) => retried(overGrpc(bench), bench.grpcHop, codesOf(RETRYABLE_CODES)),
  },
  {
    id: 'G5 final',
    demand: 'Clients MUST NOT send again after any other code',
    ours: `once: ${FINAL_CODES.map(nameOf).join(' ')}`,
    probe: (bench) => retried(overGrpc(bench), bench.grpcHop, codesOf(FINAL_CODES)),
  },
  {
    id: 'G5 exhausted',
    demand: 'After RESOURCE_EXHAUSTED they send again only with RetryInfo',
    ours: 'again: with RetryInfo; once: without',
    probe: (bench) =>
      retried(overGrpc(bench), bench.grpcHop, [
        ['with RetryInfo', code(8, 10)],
        ['without', code(8)],
      ]),
  },
  {
    id: 'G6 server',
    demand: 'An overloaded server SHOULD say UNAVAILABLE, and may say when to come again',
    ours: 'UNAVAILABLE, with RetryInfo',
    probe: async (bench) => (await overload(bench)).grpc,
  },
  {
    id: 'G6 client',
    demand: 'Clients MUST wait as long as RetryInfo says',
    ours: 'waits that long',
    probe: async (bench) => atLeast(await pauseOf(overGrpc(bench), bench.grpcHop, code(14, 700)), 700),
  },
  {
    id: 'G7',
    demand: 'Clients SHOULD support several calls at once',
    ours: 'several',
    probe: async (bench) => {
      const waiting: (() => void)[] = [];
      const { ok } = await import('../grpc-server.js');
      bench.grpcHop.answers = Array.from(
        { length: 3 },
        (): HopAnswer =>
          ({ grpc: stream }) => {
            waiting.push(() => ok()({ stream } as never));
          },
      );
      bench.grpcHop.most = bench.grpcHop.open;
      const all = Promise.all([grpc(bench.toGrpc.grpc), grpc(bench.toGrpc.grpc), grpc(bench.toGrpc.grpc)]);
      for (let i = 0; i < 400 && waiting.length < 3; i++) await new Promise((resolve) => setTimeout(resolve, 25));
      const most = waiting.length;
      bench.grpcHop.answers = [];
      for (const go of waiting) go();
      await all;
      return most >= 3 ? 'several' : `${most}`;
    },
  },
  {
    id: 'H1',
    demand: 'POST to /v1/metrics, /v1/traces, /v1/logs; other methods and paths are errors',
    ours: 'POST 200 200 200, GET 405, other path 404',
    probe: async ({ plain }) => {
      const body = Buffer.alloc(0);
      const statuses = [];
      for (const signal of SIGNALS) statuses.push((await http(plain.http, { signal, body })).status);
      const get = await http(plain.http, {}, { method: 'GET' });
      const other = await http(plain.http, {}, { path: '/v1/nothing' });
      return `POST ${statuses.join(' ')}, GET ${get.status}, other path ${other.status}`;
    },
  },
  {
    id: 'H2',
    demand: 'Protobuf and JSON on one port; the answer has the content type of the request',
    ours: `${PROTOBUF}, ${JSON_TYPE}`,
    probe: async ({ plain }) => {
      const [proto, object] = [await http(plain.http), await json(plain.http, '{"resourceMetrics":[{}]}')];
      return `${proto.type}, ${object.type}`;
    },
  },
  {
    id: 'H3',
    demand: 'Content-Encoding: gzip is read; one that is not known is refused',
    ours: 'gzip 200, unknown 415',
    probe: async ({ plain }) => {
      const packed = await http(plain.http, { gzip: true });
      const unknown = await http(plain.http, { headers: { 'content-encoding': 'rot13' } });
      return `gzip ${packed.status}, unknown ${unknown.status}`;
    },
  },
  {
    id: 'H4',
    demand: 'Beyond the size limit, also after decompression, MUST be 413',
    ours: '413, gzip 413',
    probe: async ({ small }) => {
      const body = large(3 << 20);
      const status = async (gzip: boolean): Promise<number | string> =>
        http(small.http, { body, gzip }).then(
          (answer) => answer.status,
          () => 'cut off',
        );
      return `${await status(false)}, gzip ${await status(true)}`;
    },
  },
  {
    id: 'H5',
    demand: 'Clients MUST limit what they read of an answer (4 MiB recommended), which is a success all the same',
    ours: 'once',
    probe: async (bench) => {
      const before = bench.httpHop.seen.length;
      bench.httpHop.answers = [
        ({ http: response }) => response!.writeHead(200, { 'content-type': PROTOBUF }).end(Buffer.alloc(6 << 20)),
      ];
      await overHttp(bench)();
      bench.httpHop.answers = [];
      return bench.httpHop.seen.length - before === 1 ? 'once' : 'again';
    },
  },
  {
    id: 'H6',
    demand: 'A success is 200 with an Export response',
    ours: '200',
    probe: async ({ plain }) => `${(await http(plain.http)).status}`,
  },
  {
    id: 'H7',
    demand: "Every 4xx and 5xx MUST have a Status in its body, in the request's encoding",
    ours: '400 Status, 400 Status as JSON, 404 Status, 405 Status, 415 Status as JSON',
    probe: async ({ plain }) => {
      const bad = Buffer.from([0x0a, 0xff]);
      const answers = [
        await http(plain.http, { body: bad }),
        await json(plain.http, '{"resourceMetrics":'),
        await http(plain.http, {}, { path: '/v1/nothing' }),
        await http(plain.http, {}, { method: 'PUT' }),
        await http(plain.http, { headers: { 'content-type': 'text/plain' } }),
      ];
      return answers.map((answer) => `${answer.status} ${formOf(answer)}`).join(', ');
    },
  },
  {
    id: 'H8',
    demand: 'Data that cannot be decoded MUST be 400',
    ours: 'protobuf 400, JSON 400, gzip 400',
    probe: async ({ plain }) => {
      const body = Buffer.from([0x0a, 0xff]);
      const broken = gzipSync(metric()).subarray(0, 12);
      const packed = await http(plain.http, { body: broken, headers: { 'content-encoding': 'gzip' } });
      const [proto, object] = [await http(plain.http, { body }), await json(plain.http, '{')];
      return `protobuf ${proto.status}, JSON ${object.status}, gzip ${packed.status}`;
    },
  },
  {
    id: 'H9 server',
    demand: 'An overloaded server SHOULD say 429 or 503, and may say when to come again',
    ours: '503, with Retry-After',
    probe: async (bench) => (await overload(bench)).http,
  },
  {
    id: 'H9 client',
    demand: 'Clients SHOULD wait as long as Retry-After says, in seconds or as a date',
    ours: 'seconds: waits that long, date: waits that long',
    probe: async (bench) => {
      const seconds = await pauseOf(overHttp(bench), bench.httpHop, httpStatus(503, '1'));
      // A date has whole seconds: of two seconds at least one is left.
      const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 2000).toUTCString();
      const until = await pauseOf(overHttp(bench), bench.httpHop, httpStatus(503, date));
      return `seconds: ${atLeast(seconds, 990)}, date: ${atLeast(until, 990)}`;
    },
  },
  {
    id: 'H10 retryable',
    demand: 'Clients send again after 429, 502, 503, 504',
    ours: `again: ${RETRYABLE_STATUSES.join(' ')}`,
    probe: (bench) => retried(overHttp(bench), bench.httpHop, statusesOf(RETRYABLE_STATUSES)),
  },
  {
    id: 'H10 final',
    demand: 'All other 4xx and 5xx MUST NOT be sent again',
    ours: `once: ${FINAL_STATUSES.join(' ')}`,
    probe: (bench) => retried(overHttp(bench), bench.httpHop, statusesOf(FINAL_STATUSES)),
  },
  {
    id: 'H10 dropped',
    demand: 'After a connection that ends without an answer they SHOULD send again',
    ours: 'again: dropped',
    probe: (bench) =>
      retried(overHttp(bench), bench.httpHop, [['dropped', ({ http: response }) => void response!.socket!.destroy()]]),
  },
  {
    id: 'H11',
    demand: 'Clients SHOULD keep connections alive',
    ours: 'one connection for five requests',
    probe: async (bench) => {
      await overHttp(bench)();
      const before = bench.httpHop.connections;
      for (let i = 0; i < 5; i++) await overHttp(bench)();
      const more = bench.httpHop.connections - before;
      return more === 0 ? 'one connection for five requests' : `${more} more for five requests`;
    },
  },
  {
    id: 'J1',
    demand: 'Ids in JSON are hexadecimal, in either case',
    ours: `${'ab'.repeat(16)} 2 5`,
    probe: (bench) =>
      spanOfJson(
        bench,
        `{"traceId":"${'aB'.repeat(16)}","spanId":"${'Cd'.repeat(8)}","name":"x","kind":2,"startTimeUnixNano":"5"}`,
      ),
  },
  {
    id: 'J2',
    demand: 'Enumerations are written as numbers',
    ours: '"kind":2',
    probe: async (bench) => /"kind":("?\w+"?)/.exec(await jsonOf(bench, spanBody()))?.[0] ?? 'nothing',
  },
  {
    id: 'J3',
    demand: 'Unknown fields MUST be passed over',
    ours: `${'ab'.repeat(16)} 2 5`,
    probe: (bench) =>
      spanOfJson(
        bench,
        `{"later":{"a":[1]},"traceId":"${'ab'.repeat(16)}","spanId":"${'cd'.repeat(8)}","name":"x","kind":2,"startTimeUnixNano":"5"}`,
      ),
  },
  {
    id: 'J4',
    demand: 'Keys are written in lowerCamelCase',
    ours: 'resourceSpans, startTimeUnixNano',
    probe: async (bench) => {
      const text = await jsonOf(bench, spanBody());
      return ['resourceSpans', 'startTimeUnixNano', 'resource_spans', 'start_time_unix_nano']
        .filter((key) => text.includes(`"${key}"`))
        .join(', ');
    },
  },
  {
    id: 'J5',
    demand: '64-bit integers are written as text, and read as text or number',
    ours: `written "9007199254740993", read ${'ab'.repeat(16)} 2 5`,
    probe: async (bench) => {
      const written = /"intValue":("?\d+"?)/.exec(await jsonOf(bench, spanBody()))?.[1];
      const ids = `"traceId":"${'ab'.repeat(16)}","spanId":"${'cd'.repeat(8)}"`;
      return `written ${written}, read ${await spanOfJson(bench, `{${ids},"name":"x","kind":2,"startTimeUnixNano":5}`)}`;
    },
  },
  {
    id: 'J6',
    demand: 'NaN and infinities are written as text, other bytes than ids as base64',
    ours: '"NaN" "-Infinity" "AQID"',
    probe: async (bench) => {
      const text = await jsonOf(bench, spanBody());
      return [/"doubleValue":("?NaN"?)/, /"doubleValue":("?-Inf\w*"?)/, /"bytesValue":("\w+=*")/]
        .map((pattern) => pattern.exec(text)?.[1] ?? 'nothing')
        .join(' ');
    },
  },
];
