// The state of a gateway that does not run, opened under the defaults of the configuration.
import { StoppedState } from '../../detection/state/stopped.js';
import { schema } from './schema.js';
import { detectionSettings } from './settings.js';

/** Throws `CheckpointError`, in words for people, where the bytes are no checkpoint of this version. */
export function openStoppedState(bytes: Uint8Array): Promise<StoppedState> {
  return StoppedState.open(bytes, ({ maxEdges }) => detectionSettings(schema.parse({ max_edges: maxEdges })));
}
