// What a processor that learns knows, for operators: to be listed, and to be forgotten.

export interface StateQuery {
  /** Id or name; undefined: all. */
  readonly cluster?: string | undefined;
  /** Glob over edges as they are written ("shop/* -> *"); undefined: all. */
  readonly filter?: string | undefined;
  /** Most edges listed. */
  readonly top: number;
}

/** A cluster, or one edge. */
export interface StateTarget {
  readonly cluster?: string | undefined;
  /** "shop/frontend -> shop/checkout". */
  readonly edge?: string | undefined;
  /** Says what would be forgotten, and forgets nothing. */
  readonly isDryRun: boolean;
}

export interface StateForgotten {
  readonly cluster: string;
  /** Undefined: the whole cluster. */
  readonly edge?: string | undefined;
  readonly edges: number;
  readonly groups: number;
  /** Open ones that this ends. */
  readonly anomalies: number;
  readonly incidents: number;
}

export interface GroupListing {
  readonly window: string;
  /** Event time of the last closed window, ISO 8601; undefined: none yet. */
  readonly watermark: string | undefined;
  /** Seconds of event time without a point of it, by the newest point of any; and between its first and its newest. */
  readonly silentS: number;
  readonly watchedS: number;
  readonly windows: number;
  readonly edges: number;
  readonly feeds: readonly string[];
}

export interface ClusterListing {
  readonly id: string;
  readonly name: string;
  readonly edges: number;
  readonly groups: readonly GroupListing[];
  readonly anomalies: number;
  readonly incidents: number;
  /** Names of edges that were forgotten: they are not unexpected when they come back. */
  readonly forgottenEdges: number;
}

/** Whose series came, also of clusters that are not scored. */
export interface SenderListing {
  readonly id: string;
  readonly name: string;
  readonly series: Readonly<Record<string, number>>;
  /** Names of its settings (`x-pxanomaly-…`), where it set any. */
  readonly hasSettings: boolean;
}

export interface EdgeListing {
  readonly cluster: string;
  readonly edge: string;
  readonly window: string;
  /** Windows in which it was seen. */
  readonly windows: number;
  /** Windows in a row without it. */
  readonly silentWindows: number;
  readonly isAnomalous: boolean;
  readonly incident: string | undefined;
}

export interface StateListing {
  /** Newest event time of any cluster, ISO 8601; undefined: none yet. */
  readonly eventClock: string | undefined;
  /** What is used of each bound. */
  readonly bounds: Readonly<Record<string, { readonly used: number; readonly most: number }>>;
  readonly clusters: readonly ClusterListing[];
  readonly senders: readonly SenderListing[];
  /** Those with the most windows first. */
  readonly edges: readonly EdgeListing[];
  /** Edges that the query means, listed or not. */
  readonly edgesFound: number;
}
