// Addresses of the result columns and lists, for TypeScript: detect-columns.ts lists them in the order of `Column`.
import * as at from './regions';

/** Columns over edge slots, then lists. Types: face.ts of src/kernel. */
export const enum Column {
  SCORE,
  EVIDENCE,
  SURPRISE,
  GAP,
  ON,
  CHANGE,
  KIND,
  PRESENT,
  SOURCE,
  FOREST,
  AGE,
  USUAL,
  MIX,
  CHANNEL,
  CHANNEL_CHANGE,
  ALERTING,
  CHANNELS,
  ORDER,
  PROFILE,
  WINDOW,
  /** f32[64][12]: vectors for `foldVectors`; f64[64]: scores and surprises it answers. */
  VECTORS,
  VECTOR_SCORES,
  VECTOR_SURPRISES,
}

/** Address of a column or list; 0: there is none of that number. */
export function detectColumn(column: i32): usize {
  switch (column) {
    case Column.SCORE:
      return at.scoreColumn;
    case Column.EVIDENCE:
      return at.evidenceColumn;
    case Column.SURPRISE:
      return at.surpriseColumn;
    case Column.GAP:
      return at.gapColumn;
    case Column.ON:
      return at.onColumn;
    case Column.CHANGE:
      return at.changeColumn;
    case Column.KIND:
      return at.kindColumn;
    case Column.PRESENT:
      return at.presentColumn;
    case Column.SOURCE:
      return at.sourceColumn;
    case Column.FOREST:
      return at.forestColumn;
    case Column.AGE:
      return at.ageColumn;
    case Column.USUAL:
      return at.usualColumn;
    case Column.MIX:
      return at.mixColumn;
    case Column.CHANNEL:
      return at.channelColumn;
    case Column.CHANNEL_CHANGE:
      return at.channelChangeColumn;
    case Column.ALERTING:
      return at.alertingList;
    case Column.CHANNELS:
      return at.channelList;
    case Column.ORDER:
      return at.orderList;
    case Column.PROFILE:
      return at.profileInput;
    case Column.WINDOW:
      return at.windowInput;
    case Column.VECTORS:
      return at.blockVectors;
    case Column.VECTOR_SCORES:
      return at.vectorScores;
    case Column.VECTOR_SURPRISES:
      return at.vectorSurprises;
    default:
      return 0;
  }
}
