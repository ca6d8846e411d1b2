// What a component is to the service: a factory object, an instance with start and shutdown, a place in pipelines.

import type { Signal } from './batch.js';
import type { Consumer } from './consumer.js';

export type Kind = 'receiver' | 'processor' | 'exporter' | 'connector' | 'extension';

/** Collector's stability levels, as `components` prints them. */
export type Stability = 'development' | 'alpha' | 'beta' | 'stable';

/** `type` or `type/name`. */
export interface ComponentId {
  readonly type: string;
  readonly name: string;
}

/** The id as the configuration writes it. */
export function formatId(id: ComponentId): string {
  return id.name === '' ? id.type : `${id.type}/${id.name}`;
}

/**
 * A running component. `start` runs after everything downstream has started and may fail; `shutdown` may be called
 * without `start` and twice, and resolves when nothing that was accepted is left (receivers stop first, exporters last,
 * each after draining).
 */
export interface Component {
  start(): Promise<void>;
  /**
   * `withinMs`: after that nobody waits for it any more. Rejects with an `UndeliveredError` where it had to give
   * something up.
   */
  shutdown(withinMs?: number): Promise<void>;
  /** How long a shutdown may take where that is longer than others get; ms. */
  readonly shutdownMs?: number;
  /**
   * What it listens on while it runs, by protocol: `{ grpc: '127.0.0.1:4317' }`. The port is the one in use where 0 was
   * configured.
   */
  addresses?(): Readonly<Record<string, string>>;
  /** What it knows of itself, as plain JSON values: for `GET /status` beside our own metrics. No secrets. */
  inspect?(): unknown;
}

/** Receives from outside. `consumer` is the fan-out of every pipeline of that signal that names the receiver. */
export interface Receiver extends Component {
  /** Called before `start`, once a signal. Signals without a call are not served (OTLP: UNIMPLEMENTED / 404). */
  deliver(signal: Signal, consumer: Consumer): void;
}

/** One instance an id, however many pipelines name it. */
export interface Processor extends Component {
  /** The stage for one pipeline, in front of `next`. */
  stage(pipeline: string, signal: Signal, next: Consumer): Consumer;
  /**
   * Takes over what the processor of the same id knew before a reload. Called before `start`, when `previous` gets
   * nothing any more; `previous.shutdown` follows and must leave alone what was handed over. Throws nothing: what does
   * not fit is dropped and said.
   */
  adopt?(previous: Processor): void;
}

export interface Exporter extends Component, Consumer {
  /**
   * Takes over what the exporter of the same id has not delivered yet, where both deliver to the same place. Called
   * before `start`, when `previous` gets nothing any more; `previous.shutdown` follows.
   */
  adopt?(previous: Exporter): void;
  /** After a reload its shutdown may go on beside the new configuration: it holds nothing that this one needs. */
  readonly lingers?: boolean;
}

/** Exporter of some pipelines, receiver of others. */
export interface Connector extends Component {
  /** The end of a pipeline that names it as exporter. */
  consumer(signal: Signal): Consumer;
  /** Called before `start` for each pipeline signal that names it as receiver. */
  deliver(signal: Signal, consumer: Consumer): void;
}

export interface Extension extends Component {
  /** Called when every pipeline runs, and again with false when shutdown begins. */
  ready?(isReady: boolean): void;
}

export interface InstanceOf {
  receiver: Receiver;
  processor: Processor;
  exporter: Exporter;
  connector: Connector;
  extension: Extension;
}

/** A running component under the id that the configuration writes. */
export interface Instance<C extends Component> {
  readonly key: string;
  readonly component: C;
}

/**
 * What an operator may ask of a type of component: `POST /NAME` beside our own metrics, from this host alone. Gets the
 * request, a JSON object, and every running instance of the type; gives a JSON object. Rejects with a `PermanentError`
 * that says what is wrong with the request.
 */
export type Command<C extends Component> = (
  request: Readonly<Record<string, unknown>>,
  instances: readonly Instance<C>[],
) => Promise<object>;

/**
 * A component's whole face. `Config` is what the user wrote, checked and with defaults filled in; `Settings` what the
 * host gives. `schema` is declared by the `config` layer; the vocabulary only says that it exists.
 */
export interface Factory<K extends Kind, Config, Settings, Schema> {
  readonly kind: K;
  readonly type: string;
  /** Older names that are accepted with a warning. */
  readonly aliases?: readonly string[];
  readonly stability: Stability;
  /** Signals it can stand in (processors, exporters, connectors) or serve (receivers). */
  readonly signals: readonly Signal[];
  /** Signals that a connector makes, where they are others than those it takes. */
  readonly delivers?: readonly Signal[];
  readonly schema: Schema;
  /** Checks across fields that the schema cannot say; each string is one problem. */
  validate?(config: Config): string[];
  /** What is allowed, and perhaps not meant; each string is one warning. */
  advise?(config: Config): string[];
  /** Ids of extensions that it needs, by the key that names each. */
  extensions?(config: Config): Readonly<Record<string, string>>;
  create(settings: Settings, config: Config): InstanceOf[K];
  /** By name; served wherever the factory is among the components, used or not. */
  readonly commands?: Readonly<Record<string, Command<InstanceOf[K]>>>;
}
