// Component ids and pipeline ids: `type` or `type/name`, by the Collector's rules.
import { type ComponentId, SIGNALS, type Signal } from '../pipeline/index.js';

const TYPE = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
/** No separators, control characters or symbols. */
const NAME = /^[^\p{Z}\p{C}\p{S}]{1,1024}$/u;

/** Reads `type` or `type/name`; a text is what is wrong with it. */
export function parseId(text: string): ComponentId | string {
  const slash = text.indexOf('/');
  const type = (slash < 0 ? text : text.slice(0, slash)).trim();
  const name = slash < 0 ? '' : text.slice(slash + 1).trim();
  if (!TYPE.test(type)) return `"${text}" is no id: a type is a letter and up to 62 letters, digits or underscores`;
  if (slash >= 0 && !NAME.test(name))
    return `"${text}" is no id: a name after "/" has no blanks, control characters or symbols`;
  return { type, name };
}

/** Reads `signal` or `signal/name` of `service::pipelines`; a text is what is wrong with it. */
export function parsePipelineId(text: string): { readonly signal: Signal; readonly name: string } | string {
  const id = parseId(text);
  if (typeof id === 'string') return id;
  if (!SIGNALS.includes(id.type as Signal)) {
    return `"${id.type}" is no signal of a pipeline: ${SIGNALS.join(', ')} are`;
  }
  return { signal: id.type as Signal, name: id.name };
}
