// Components that only remember: for tests of the configuration and of the service graph.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { duration } from '../../src/config/duration.js';
import type { AnyFactory, Settings } from '../../src/config/settings.js';
import {
  type Batch,
  type Component,
  type Connector,
  type Consumer,
  type Exporter,
  type Extension,
  formatId,
  type Kind,
  type Processor,
  type Receiver,
  RetryableError,
  SIGNALS,
  type Signal,
} from '../../src/pipeline/index.js';

export interface FakeConfig {
  readonly label: string;
  readonly fail_start: boolean;
  /** ms */
  readonly shutdown_takes: number;
  readonly limits: { readonly items: number; readonly wait: number };
  readonly token?: string | undefined;
}

export const fakeSchema: z.ZodType<FakeConfig> = z.strictObject({
  label: z.string().default('plain').describe('A text that changes nothing'),
  fail_start: z.boolean().default(false).describe('Whether `start` fails'),
  shutdown_takes: duration.default(0).describe('How long `shutdown` takes'),
  limits: z
    .strictObject({
      items: z.int().min(1).default(10).describe('A number'),
      wait: duration.prefault('5s').describe('A duration'),
    })
    .prefault({})
    .describe('A map'),
  token: z.string().optional().describe('A secret').meta({ secret: true }),
});

/** Everything that fakes did, in order: `start exporter fake`, `shutdown receiver fake/a`. */
export type Diary = string[];

class Fake implements Component {
  readonly name: string;
  readonly settings: Settings;
  readonly config: FakeConfig;
  protected readonly diary: Diary;

  constructor(kind: Kind, settings: Settings, config: FakeConfig, diary: Diary) {
    this.name = `${kind} ${formatId(settings.id)}`;
    this.settings = settings;
    this.config = config;
    this.diary = diary;
  }

  async start(): Promise<void> {
    if (this.config.fail_start) throw new Error('cannot start');
    this.diary.push(`start ${this.name}`);
  }

  async shutdown(): Promise<void> {
    this.diary.push(`shutdown ${this.name}`);
    await sleep(this.config.shutdown_takes, undefined, { ref: this.config.shutdown_takes < 1_000 });
  }
}

export class FakeReceiver extends Fake implements Receiver {
  readonly consumers: Map<Signal, Consumer> = new Map();
  deliver(signal: Signal, consumer: Consumer): void {
    this.consumers.set(signal, consumer);
  }
  addresses(): Record<string, string> {
    return { fake: '127.0.0.1:1' };
  }
}

export class FakeProcessor extends Fake implements Processor {
  readonly stages: string[] = [];
  known = 0;
  stage(pipeline: string, _signal: Signal, next: Consumer): Consumer {
    this.stages.push(pipeline);
    return {
      refusal: (bytes) => next.refusal(bytes),
      consume: (batch) => {
        this.known += 1;
        return next.consume(batch);
      },
    };
  }
  adopt(previous: Processor): void {
    this.diary.push(`adopt ${this.name}`);
    this.known = (previous as FakeProcessor).known;
  }
}

/** Keeps every batch. Answers at once, or as `answer` says. */
export class FakeExporter extends Fake implements Exporter {
  readonly batches: Batch[] = [];
  full: boolean = false as boolean;
  answer: (batch: Batch) => undefined | Promise<void> = () => undefined;
  refusal(): RetryableError | undefined {
    return this.full ? new RetryableError(`${this.name} is full`, 1_000) : undefined;
  }
  consume(batch: Batch): undefined | Promise<void> {
    this.batches.push(batch);
    return this.answer(batch);
  }
}

/** Hands on every batch that comes in. */
export class FakeConnector extends Fake implements Connector {
  readonly consumers: Map<Signal, Consumer> = new Map();
  consumer(): Consumer {
    return {
      refusal: () => undefined,
      consume: (batch) => {
        for (const consumer of this.consumers.values()) void consumer.consume(batch);
        return undefined;
      },
    };
  }
  deliver(signal: Signal, consumer: Consumer): void {
    this.consumers.set(signal, consumer);
  }
}

export class FakeExtension extends Fake implements Extension {
  readonly readiness: boolean[] = [];
  ready(isReady: boolean): void {
    this.readiness.push(isReady);
    this.diary.push(`${isReady ? 'ready' : 'not ready'} ${this.name}`);
  }
}

/**
 * Factories of one fake a kind, called `fake` (an exporter also `old_fake`), what they did, and what they made, newest
 * last.
 */
export interface Fakes {
  readonly factories: readonly AnyFactory[];
  readonly diary: Diary;
  readonly made: Fake[];
  find<T extends Fake>(type: new (...args: never[]) => T, id?: string): T;
}

export function makeFakes(): Fakes {
  const diary: Diary = [];
  const made: Fake[] = [];
  const keep = <T extends Fake>(fake: T): T => {
    made.push(fake);
    return fake;
  };
  const face = { type: 'fake', stability: 'development', signals: SIGNALS, schema: fakeSchema } as const;
  const factories: AnyFactory[] = [
    { ...face, kind: 'receiver', create: (s, c) => keep(new FakeReceiver('receiver', s, c, diary)) },
    { ...face, kind: 'processor', create: (s, c) => keep(new FakeProcessor('processor', s, c, diary)) },
    {
      ...face,
      kind: 'exporter',
      aliases: ['old_fake'],
      create: (s, c) => keep(new FakeExporter('exporter', s, c, diary)),
    },
    {
      ...face,
      type: 'logs_only',
      kind: 'exporter',
      signals: ['logs'],
      create: (s, c) => keep(new FakeExporter('exporter', s, c, diary)),
    },
    { ...face, type: 'bridge', kind: 'connector', create: (s, c) => keep(new FakeConnector('connector', s, c, diary)) },
    { ...face, kind: 'connector', create: (s, c) => keep(new FakeConnector('connector', s, c, diary)) },
    { ...face, kind: 'extension', create: (s, c) => keep(new FakeExtension('extension', s, c, diary)) },
  ];
  const find = <T extends Fake>(type: new (...args: never[]) => T, id = 'fake'): T => {
    const found = made.findLast((fake) => fake instanceof type && formatId(fake.settings.id) === id);
    if (!found) throw new Error(`no ${type.name} ${id} was made`);
    return found as T;
  };
  return { factories, diary, made, find };
}
