// What the processor warns of while it replays, as lines for the person at the terminal.
import { pino } from 'pino';
import type { Logger } from '../telemetry/index.js';
import type { CommandIo } from '../terminal/io.js';

/** Fields that say nothing to somebody who knows what they run. */
const QUIET = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'component', 'kind', 'err']);
const CLEAR_LINE = '\r\u001b[K';

function text(json: string): string {
  const { msg, ...fields } = JSON.parse(json) as Record<string, unknown> & { msg?: string };
  const shown = Object.entries(fields)
    .filter(([key]) => !QUIET.has(key))
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `replay: ${msg ?? ''}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}\n`;
}

/** A logger whose warnings stand on stderr, above the progress bar. */
export function warningLog({ stderr }: Pick<CommandIo, 'stderr'>): Logger {
  return pino({ level: 'warn' }, { write: (json) => void stderr.write((stderr.isTTY ? CLEAR_LINE : '') + text(json)) });
}
