// Where `pxanomaly state` finds what detectors know: a running gateway, or a checkpoint.
import type { StateForgotten, StateListing } from '../../detection/state/listing.js';

/** What a processor is asked. */
export interface Wanted {
  readonly cluster: string | undefined;
  readonly edge: string | undefined;
  readonly filter: string | undefined;
  readonly top: number;
  readonly isDryRun: boolean;
  readonly processor: string | undefined;
}

export interface Listed {
  readonly processor: string;
  readonly state: StateListing;
}

export interface Forgotten {
  readonly processor: string;
  readonly forgotten: StateForgotten;
  /** Ends of anomalies and incidents that could not be sent: nobody runs. */
  readonly unsent?: number;
}

/** A running gateway, or a checkpoint. Errors say what to do. */
export interface StateSource {
  list(wanted: Wanted): Promise<readonly Listed[]>;
  forget(wanted: Wanted): Promise<Forgotten>;
}
