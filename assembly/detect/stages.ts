// One chunk of edges through the stages of a closing: each edge's window judged, the forest over all of them, then
// evidence, alert and incident channel.
import { scratch } from '../memory';
import { Records } from '../numbers';
import { AlertWindow, foldAlert } from './alert';
import { coderLearn, coderSurprise } from './autoencoder';
import { Judged, Weighed } from './block';
import { Chunk, CHUNK_EDGES } from './chunk';
import { CAP } from './constants';
import { Edge } from './edge';
import { ageWeight, edgeEvidence, weigh } from './evidence';
import { foldVectors } from './forest';
import { Group } from './group';
import { foldChannel } from './incident';
import { foldEdge } from './judge';
import { options } from './options';
import { columns, edgeAt, exchange, windowAt } from './regions';
import { TickResult } from './result';
import { Surprises } from './surprises';

/** The chunk in work. */
@unmanaged
class Work {
  /** Judged[CHUNK_EDGES]. */
  block: Records<Judged>;
  /** Of the edge that is concluded. */
  weighed: Weighed;
  alert: AlertWindow;
  /** Sum of what was prefetched: the loads must not be dropped. */
  prefetched: u32;
}

const work = changetype<Work>(memory.data(offsetof<Work>(), 16));

export function layOutStages(): void {
  work.block = changetype<Records<Judged>>(scratch(CHUNK_EDGES * offsetof<Judged>()));
  work.weighed = changetype<Weighed>(scratch(offsetof<Weighed>()));
  work.alert = changetype<AlertWindow>(scratch(offsetof<AlertWindow>()));
}

/**
 * Asks for the records of a block's edges, all at once: with many edges, in any order, each is a walk to memory, and
 * waiting for one after the other takes longer than all that is done with them.
 */
function prefetch(chunk: Chunk): void {
  let sum: u32 = 0;
  for (let i = 0; i < chunk.count; i++) {
    const edge = chunk.edges[i];
    sum += load<u32>(windowAt(edge).at(0)) + load<u32>(changetype<usize>(columns.surprise[edge]));
    sum += load<u32>(columns.score.at(edge)) + load<u32>(columns.evidence.at(edge)) + load<u32>(columns.gap.at(edge));
    sum += load<u32>(columns.forest.at(edge)) + load<u32>(columns.age.at(edge)) + load<u32>(columns.usual.at(edge));
    const e = changetype<usize>(edgeAt(edge));
    for (let line = e; line < e + offsetof<Edge>(); line += 64) sum += load<u32>(line);
  }
  work.prefetched += sum;
}

/** One chunk of edges through the stages. */
export function closeBlock(group: i32, g: Group, chunk: Chunk, result: TickResult): void {
  const count = chunk.count;
  prefetch(chunk);
  for (let i = 0; i < count; i++) judge(g, chunk.edges[i], work.block[i]);
  if (options.forest) scoreForest(group, chunk);
  for (let i = 0; i < count; i++) conclude(group, g, chunk.edges[i], work.block[i], result);
}

/** Stage A of an edge of the block, into its place and the edge's columns. */
function judge(g: Group, edge: i32, judged: Judged): void {
  foldEdge(g, edge, edgeAt(edge), judged);
  const surprise = judged.surprise.at(0);
  const column = changetype<usize>(columns.surprise[edge]);
  for (let v: usize = 0; v < 3; v++) {
    const low = f32x4.demote_f64x2_zero(v128.load(surprise + (v << 5)));
    const high = f32x4.demote_f64x2_zero(v128.load(surprise + (v << 5), 16));
    v128.store(column + (v << 4), v128.shuffle<f32>(low, high, 0, 1, 4, 5));
  }
  columns.gap[edge] = <f32>judged.gap;
  columns.present[edge] = u8(judged.isPresent);
  columns.forest[edge] = f32.NaN;
}

/** The forest's surprise of every judged edge of the block. */
function scoreForest(group: i32, chunk: Chunk): void {
  let rows = 0;
  for (let i = 0; i < chunk.count; i++) {
    if (work.block[i].features == 0) continue;
    clipVector(exchange.vectors[rows], columns.surprise[chunk.edges[i]]);
    rows++;
  }
  foldVectors(group, rows);
  rows = 0;
  for (let i = 0; i < chunk.count; i++) {
    const judged = work.block[i];
    if (judged.features == 0) continue;
    columns.forest[chunk.edges[i]] = <f32>exchange.vectorScores[rows];
    judged.forest = exchange.vectorSurprises[rows];
    rows++;
  }
}

/** [a, b, c, d] → each clipped to ±CAP, three vectors. */
function clipVector(to: Surprises, from: Surprises): void {
  const target = changetype<usize>(to);
  const source = changetype<usize>(from);
  for (let v: usize = 0; v < offsetof<Surprises>(); v += 16) {
    v128.store(target + v, f32x4.min(f32x4.max(v128.load(source + v), f32x4.splat(-CAP)), f32x4.splat(CAP)));
  }
}

/** Evidence, score, alert and channel of an edge of the block. */
function conclude(group: i32, g: Group, edge: i32, judged: Judged, result: TickResult): void {
  const e = edgeAt(edge);
  const weighed = work.weighed;
  const present = judged.isPresent;
  const learns = options.coder && judged.features > 0;
  const coder = learns ? coderSurprise(group, judged.surprise) : 0;
  const gross = e.isGross;
  weigh(judged, weighed);
  const raw = edgeEvidence(judged, weighed, coder);
  const weight = ageWeight(<f64>e.windows, gross, present, <f64>g.age);
  const C = raw * weight;
  columns.source[edge] = <u8>weighed.source;
  columns.evidence[edge] = <f32>C;
  columns.score[edge] = <f32>(1 - Math.exp(-C * g.decay));
  columns.age[edge] = e.windows;
  columns.usual[edge] = e.usual;
  const alert = work.alert;
  alert.edge = e;
  alert.slot = edge;
  alert.judged = judged;
  alert.weighed = weighed;
  alert.raw = raw;
  alert.coder = coder;
  alert.age = weight;
  foldAlert(g, alert);
  foldChannel(g, edge, e, judged, weighed, gross, result);
  result.seen += i32(present);
  result.live += i32(present || columns.gap[edge] > 0 || e.windows < 1);
  const isOn = columns.on[edge] != 0;
  if (isOn || columns.change[edge] != 0) {
    result.alerting[result.alertingCount] = edge;
    result.alertingCount++;
  }
  if (learns && !isOn) coderLearn(group);
}
