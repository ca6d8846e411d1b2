// Which edge may give its slot away when there is no room for a new one.
import { GONE, LOST } from '../detect/constants';
import { edgeAt as stateAt, onColumn } from '../detect/regions';
import { Edge } from '../detect/state';
import { EdgeState } from '../layout';
import { edgeAt, edgesHigh, gridAt } from './graph';

/** The edge of any group that has been silent longest among dormant ones whose alert is not on; -1: none. */
export function longestDormant(): i32 {
  let longest = -1;
  let most: f64 = 0;
  for (let edge = 0; edge < edgesHigh(); edge++) {
    if (!(edgeAt(edge).state & EdgeState.ORDERED) || load<u8>(onColumn + <usize>edge) != 0) continue;
    const gap = <f64>load<f32>(stateAt(edge), Edge.GAP);
    const held = <f64>load<f32>(stateAt(edge), Edge.HELD);
    if (gap <= GONE && held <= LOST) continue;
    const silence = (gap + held) * <f64>gridAt(edgeAt(edge).group).window;
    if (silence <= most) continue;
    most = silence;
    longest = edge;
  }
  return longest;
}
