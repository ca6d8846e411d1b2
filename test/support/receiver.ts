// An `otlp` receiver on free ports, and a pipeline end that remembers what it was given.
import { pino } from 'pino';
import { type Batch, type Consumer, type RetryableError, SIGNALS, type Signal } from '../../src/pipeline/index.js';
import { otlp } from '../../src/receivers/otlp/factory.js';
import type { OtlpReceiver } from '../../src/receivers/otlp/otlp-receiver.js';
import { createTelemetry, type Telemetry } from '../../src/telemetry/index.js';
import { atEnd } from './peers/processes.js';
import { testSettings } from './settings.js';

/** The end of a pipeline, with a behaviour that a test sets. */
export class Recorder implements Consumer {
  readonly batches: Batch[] = [];
  /** Answers to `refusal`, one a call; undefined and beyond the end: would be taken. */
  readonly refusals: (RetryableError | undefined)[] = [];
  /** Bytes that `refusal` was asked about. */
  readonly asked: number[] = [];
  /** What happens instead of taking a batch. */
  behave: (batch: Batch) => undefined | Promise<void> = () => undefined;

  consume(batch: Batch): undefined | Promise<void> {
    this.batches.push(batch);
    return this.behave(batch);
  }

  refusal(bytes: number): RetryableError | undefined {
    this.asked.push(bytes);
    return this.refusals.shift();
  }
}

export interface RunningReceiver {
  readonly receiver: OtlpReceiver;
  readonly recorder: Recorder;
  readonly telemetry: Telemetry;
  /** Log lines, parsed. */
  readonly lines: Record<string, unknown>[];
  readonly grpcPort: number;
  readonly httpPort: number;
  /** The value of a counter with these labels; 0 where it has none. */
  count(name: string, labels?: Record<string, string>): Promise<number>;
}

export interface ReceiverSetup {
  readonly grpc?: object | null;
  readonly http?: object | null;
  readonly token?: string | string[];
  readonly signals?: readonly Signal[];
  readonly id?: string;
}

/** Makes a receiver that is not started yet; without a protocol it serves both. */
export function makeReceiver(setup: ReceiverSetup = {}): Omit<RunningReceiver, 'grpcPort' | 'httpPort'> {
  const { token, signals = SIGNALS, id = 'otlp' } = setup;
  const both = setup.grpc === undefined && setup.http === undefined;
  const anyPort = (protocol: object | null | undefined): object | undefined =>
    protocol === undefined && !both ? undefined : { endpoint: '127.0.0.1:0', ...protocol };
  const [grpc, http] = [anyPort(setup.grpc), anyPort(setup.http)];
  const protocols = { ...(grpc && { grpc }), ...(http && { http }) };
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const telemetry = createTelemetry({ log });
  const config = otlp.schema.parse({ protocols, ...(token && { token }) });
  const receiver = otlp.create(testSettings(id, { telemetry }), config) as OtlpReceiver;
  const recorder = new Recorder();
  for (const signal of signals) receiver.deliver(signal, recorder);
  return { receiver, recorder, telemetry, lines, count: (name, labels) => count(telemetry, name, labels) };
}

/** The same, listening. It is shut down by the next `endAll`. */
export async function startReceiver(setup: ReceiverSetup = {}): Promise<RunningReceiver> {
  const made = makeReceiver(setup);
  await made.receiver.start();
  atEnd(() => made.receiver.shutdown());
  const { grpc = '', http = '' } = made.receiver.addresses();
  const port = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
  return { ...made, grpcPort: port(grpc), httpPort: port(http) };
}

async function count(telemetry: Telemetry, name: string, labels: Record<string, string> = {}): Promise<number> {
  const metric = await telemetry.registry.getSingleMetric(name)?.get();
  const fits = (given: Partial<Record<string, unknown>>): boolean =>
    Object.entries(labels).every(([key, value]) => given[key] === value);
  return (metric?.values ?? []).filter((each) => fits(each.labels)).reduce((sum, { value }) => sum + value, 0);
}
