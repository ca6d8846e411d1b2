// Log records as lines for people: time, level, component, message, then the fields.

const COLOURS: Readonly<Record<string, string>> = {
  debug: '\u001b[90m',
  info: '\u001b[36m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m',
};
const PLAIN = '\u001b[0m';

interface LogLine {
  readonly level: string;
  readonly ts: string;
  readonly msg?: string;
  readonly component?: string;
  readonly kind?: string;
  readonly resource?: unknown;
  readonly err?: { readonly type?: string; readonly message?: string; readonly stack?: string };
  readonly [field: string]: unknown;
}

function fieldText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** The line for a JSON record. A record that is none is shown as it is. `colour`: for terminals. */
export function formatConsole(json: string, colour: boolean): string {
  let line: LogLine;
  try {
    line = JSON.parse(json) as LogLine;
  } catch {
    return json;
  }
  const { level, ts, msg = '', component, kind, resource: _resource, err, ...fields } = line;
  const label = level.padEnd(5);
  const shown = colour ? `${COLOURS[level] ?? ''}${label}${PLAIN}` : label;
  const parts = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  if (err) parts.push(`error=${fieldText(err.message ?? '')}`);
  const text = [ts, shown, ...(component ? [`[${kind ? `${kind}/` : ''}${component}]`] : []), msg, ...parts]
    .join(' ')
    .trimEnd();
  // A stack says where in our own code: of use only where something unexpected was caught.
  return err?.stack && level === 'fatal' ? `${text}\n${err.stack.replace(/^/gm, '    ')}\n` : `${text}\n`;
}
