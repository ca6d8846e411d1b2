// Where everything of the detection lies. All capacities are fixed by `layOut`; nothing is allocated later. What is
// never written costs no memory: regions of groups that do not exist stay untouched pages.
import { Region, reserve, scratch } from '../memory';
import { Numbers, Records } from '../numbers';
import { Chunk, CHUNK_BYTES, CHUNK_EDGES, ChunkPool, chunksFor } from './chunk';
import { FEATURES } from './constants';
import { Edge, RecentWindow } from './edge';
import { Group, Service } from './group';
import { MAX_PROFILES, Profile, ProfileInput } from './profile';
import { Surprises } from './surprises';

/** Result columns over edge slots. */
@unmanaged
export class ResultColumns {
  /** 1 - 10^(-C / L_on), in [0, 1]. */
  score: Numbers<f32>;
  /** Evidence C after the age factor, nats. */
  evidence: Numbers<f32>;
  /** Twelve signed surprises an edge, feature-major: 12 e + 3 k + j. */
  surprise: Records<Surprises>;
  /** Gap evidence of a silent edge, nats. */
  gap: Numbers<f32>;
  /** 1 while the alert is on. */
  on: Numbers<u8>;
  /** +1 opened, -1 closed in the last closed window, 0 neither. */
  change: Numbers<i8>;
  /** Kind of the open episode. */
  kind: Numbers<u8>;
  /** 1 if the edge was seen in the last closed window. */
  present: Numbers<u8>;
  /** What set the evidence: a component's number, or a Source. */
  source: Numbers<u8>;
  /** The forest's raw score, NaN: none. */
  forest: Numbers<f32>;
  /** Present windows of the edge. */
  age: Numbers<f32>;
  /** Usual requests in a window. */
  usual: Numbers<f32>;
  /** Incident evidence: max(min(c[t], c[t-1]), one very strong window), nats. docs/detection.md, section 9. */
  sustained: Numbers<f32>;
  /** 1 while the edge's incident channel is on. */
  channel: Numbers<u8>;
  /** +1 the channel turned on, -1 off, in the last closed window. */
  channelChange: Numbers<i8>;
}

/** What a feature was expected to be: in the unit received; NaN: none. */
@unmanaged
export class Band {
  observed: f64;
  expected: f64;
  lower: f64;
  upper: f64;
}

/** What is written and read from outside besides the columns. */
@unmanaged
export class Exchange {
  /** f64[maxEdges][FEATURES]: the windows being closed; NaN absent. Filled before `closeBegin`. */
  windows: Numbers<f64>;
  /** u32[maxEdges]: room for an order. */
  order: Numbers<u32>;
  profile: ProfileInput;
  band: Band;
  recent: RecentWindow;
  /** Vectors of the judged edges of a block, clipped; the forest's score and surprise of each. */
  vectors: Records<Surprises>;
  vectorScores: Numbers<f64>;
  vectorSurprises: Numbers<f64>;
}

@unmanaged
class Places {
  edges: Records<Edge>;
  services: Records<Service>;
  groups: Records<Group>;
  chunks: usize;
  profiles: Records<Profile>;
  chunkPool: ChunkPool;
  /**
   * i64 by group: ticks passed over that its edges have not been told of. From `skipTicks` to the end of the next
   * closing's contexts.
   */
  passedOver: Numbers<i64>;
}

export const columns = changetype<ResultColumns>(memory.data(offsetof<ResultColumns>(), 16));
export const exchange = changetype<Exchange>(memory.data(offsetof<Exchange>(), 16));
const places = changetype<Places>(memory.data(offsetof<Places>(), 16));

/** Address of the ResultColumns. */
export function columnsAt(): ResultColumns {
  return columns;
}

/** Address of the Exchange. */
export function exchangeAt(): Exchange {
  return exchange;
}

/** Lays out every region but the forests' and the autoencoders'. */
export function layOut(maxEdges: i32, maxServices: i32, maxGroups: i32): void {
  const n = <usize>maxEdges;
  places.edges = changetype<Records<Edge>>(reserve(Region.EDGES, n * offsetof<Edge>()));
  places.services = changetype<Records<Service>>(
    reserve(Region.SERVICES, <usize>maxServices * offsetof<Service>()),
  );
  places.groups = changetype<Records<Group>>(reserve(Region.GROUPS, <usize>maxGroups * offsetof<Group>()));
  places.chunks = reserve(Region.CHUNKS, <usize>chunksFor(maxEdges, maxGroups) * CHUNK_BYTES);
  places.profiles = changetype<Records<Profile>>(reserve(Region.PROFILES, MAX_PROFILES * offsetof<Profile>()));
  exchange.windows = column<f64>(Region.WINDOWS, n * FEATURES);
  places.chunkPool = changetype<ChunkPool>(reserve(Region.ORDER_HEAD, offsetof<ChunkPool>()));
  layOutColumns(n);
  exchange.order = list<u32>(n);
  exchange.band = changetype<Band>(scratch(offsetof<Band>()));
  exchange.recent = changetype<RecentWindow>(scratch(offsetof<RecentWindow>()));
  exchange.profile = changetype<ProfileInput>(scratch(offsetof<ProfileInput>()));
  places.passedOver = list<i64>(<usize>maxGroups);
  exchange.vectors = changetype<Records<Surprises>>(scratch(CHUNK_EDGES * offsetof<Surprises>()));
  exchange.vectorScores = list<f64>(CHUNK_EDGES);
  exchange.vectorSurprises = list<f64>(CHUNK_EDGES);
}

function column<T>(region: Region, count: usize): Numbers<T> {
  return changetype<Numbers<T>>(reserve(region, count * sizeof<T>()));
}

/** Scratch for so many numbers. */
export function list<T>(count: usize): Numbers<T> {
  return changetype<Numbers<T>>(scratch(count * sizeof<T>()));
}

function layOutColumns(n: usize): void {
  columns.score = column<f32>(Region.SCORE, n);
  columns.evidence = column<f32>(Region.EVIDENCE, n);
  columns.surprise = changetype<Records<Surprises>>(reserve(Region.SURPRISE, n * offsetof<Surprises>()));
  columns.gap = column<f32>(Region.GAP, n);
  columns.on = column<u8>(Region.ON, n);
  columns.change = column<i8>(Region.CHANGE, n);
  columns.kind = column<u8>(Region.KIND, n);
  columns.present = column<u8>(Region.PRESENT, n);
  columns.source = column<u8>(Region.SOURCE, n);
  columns.forest = column<f32>(Region.FOREST, n);
  columns.age = column<f32>(Region.AGE, n);
  columns.usual = column<f32>(Region.USUAL, n);
  columns.sustained = column<f32>(Region.SUSTAINED, n);
  columns.channel = column<u8>(Region.CHANNEL, n);
  columns.channelChange = column<i8>(Region.CHANNEL_CHANGE, n);
}

// @ts-ignore: decorator
@inline
export function edgeAt(edge: i32): Edge {
  return places.edges[edge];
}

// @ts-ignore: decorator
@inline
export function serviceAt(service: i32): Service {
  return places.services[service];
}

// @ts-ignore: decorator
@inline
export function groupAt(group: i32): Group {
  return places.groups[group];
}

// @ts-ignore: decorator
@inline
export function chunkAt(chunk: i32): Chunk {
  return changetype<Chunk>(places.chunks + <usize>chunk * CHUNK_BYTES);
}

// @ts-ignore: decorator
@inline
export function profileAt(profile: i32): Profile {
  return places.profiles[profile];
}

export function chunkPool(): ChunkPool {
  return places.chunkPool;
}

/** Ticks passed over that the group's edges have not been told of. */
export function passedOver(group: i32): i64 {
  return places.passedOver[group];
}

export function setPassedOver(group: i32, ticks: i64): void {
  places.passedOver[group] = ticks;
}

/** f64[FEATURES]: the edge's window. */
export function windowAt(edge: i32): Numbers<f64> {
  return changetype<Numbers<f64>>(exchange.windows.at(edge * FEATURES));
}
