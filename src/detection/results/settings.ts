// What the results need to be told. Durations are milliseconds.

export interface ReportSettings {
  /** Scores go out so often, unless the sender has set another interval. */
  readonly exportIntervalMs: number;
  /** The highest scores that go out; all that some threshold would call an anomaly do anyway. */
  readonly exportTop: number;
  readonly exportBands: 'anomalous' | 'all';
  /** An event each window while an anomaly lasts. */
  readonly ongoingEvents: boolean;
  /** Host of Pixie's UI, for links in events. */
  readonly pixieUi?: string | undefined;
}
