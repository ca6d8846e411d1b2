// Header fields as they come: what HTTP/2 asks of a request or a response, and the fields by name (RFC 9113, 8.2 and
// 8.3).
import { requestFault, statusFault } from './messages.js';

/** Names in lower case, pseudo headers included; a name that came more than once has its values joined. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** What a block of fields is. */
export type Section = 'request' | 'response' | 'trailers';

const PSEUDO: Readonly<Record<Section, ReadonlySet<string>>> = {
  // Not :protocol: nobody may send it who was not told SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441, 4).
  request: new Set([':method', ':scheme', ':path', ':authority']),
  response: new Set([':status']),
  trailers: new Set(),
};

/** Of HTTP/1 connections, without a meaning here (8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Characters that no value has (8.2.1), and blanks at its ends. */
const FORBIDDEN_IN_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
/**
 * Fields that may come once, because what several of them would mean is a matter of opinion (RFC 9110, 7.2 and 8.6).
 */
const SINGLE: ReadonlySet<string> = new Set(['content-length', 'host']);
const DIGITS = /^\d{1,15}$/;

/** Gathers the fields of one block. */
export class FieldCollector {
  readonly fields: Record<string, string | undefined> = Object.create(null);
  private regular: boolean = false;
  private wrong: string | undefined;

  constructor(private readonly section: Section) {}

  add(name: string, value: string): void {
    this.wrong ??= this.fault(name, value);
    if (this.wrong !== undefined) return;
    const before = this.fields[name];
    const separator = name === 'cookie' ? '; ' : ', ';
    this.fields[name] = before === undefined ? value : `${before}${separator}${value}`;
  }

  /** Why the block is malformed; undefined: it is not. */
  get malformed(): string | undefined {
    if (this.wrong !== undefined) return this.wrong;
    if (this.section === 'request') return requestFault(this.fields);
    return this.section === 'response' ? statusFault(this.fields[':status']) : undefined;
  }

  private fault(name: string, value: string): string | undefined {
    if (FORBIDDEN_IN_VALUE.test(value)) return `the value of ${printable(name)} has a character that it must not have`;
    if (name.charCodeAt(0) === 0x3a) return this.pseudoFault(name);
    this.regular = true;
    if (!NAME.test(name)) return 'a field name has a character that it must not have';
    if (CONNECTION_FIELDS.has(name)) return `${name} has no place in HTTP/2`;
    if (SINGLE.has(name) && this.fields[name] !== undefined) return `${name} comes twice`;
    if (name === 'content-length' && !DIGITS.test(value)) return 'content-length is not a number of octets';
    return name === 'te' && value !== 'trailers' ? 'te is not "trailers"' : undefined;
  }

  private pseudoFault(name: string): string | undefined {
    if (this.regular) return `${printable(name)} comes behind other fields`;
    if (!PSEUDO[this.section].has(name)) return `${printable(name)} has no place in a block of ${this.section}`;
    return this.fields[name] === undefined ? undefined : `${name} comes twice`;
  }
}

/** A name that may be anything, for a sentence. */
function printable(name: string): string {
  return name.slice(0, 50).replace(/[^!-~]/g, '?');
}
