// Header fields as they come: what HTTP/2 asks of a request or a response, and the fields by name (RFC 9113, 8.2 and 8.3).

/** Names in lower case, pseudo headers included; a name that came more than once has its values joined. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** What a block of fields is. */
export type Section = 'request' | 'response' | 'trailers';

const PSEUDO: Readonly<Record<Section, ReadonlySet<string>>> = {
  request: new Set([':method', ':scheme', ':path', ':authority', ':protocol']),
  response: new Set([':status']),
  trailers: new Set(),
};

const REQUIRED: Readonly<Record<Section, readonly string[]>> = {
  request: [':method', ':scheme', ':path'],
  response: [':status'],
  trailers: [],
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
const FORBIDDEN_IN_VALUE = /[\0\r\n]/;

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
    const missing = REQUIRED[this.section].find((name) => !this.fields[name]);
    return missing && `${missing} is missing or empty`;
  }

  private fault(name: string, value: string): string | undefined {
    if (FORBIDDEN_IN_VALUE.test(value)) return `the value of ${name} has a character that it must not have`;
    if (name.charCodeAt(0) === 0x3a) return this.pseudoFault(name);
    this.regular = true;
    if (!NAME.test(name)) return 'a field name has a character that it must not have';
    if (CONNECTION_FIELDS.has(name)) return `${name} has no place in HTTP/2`;
    return name === 'te' && value !== 'trailers' ? 'te is not "trailers"' : undefined;
  }

  private pseudoFault(name: string): string | undefined {
    if (this.regular) return `${name} comes behind other fields`;
    if (!PSEUDO[this.section].has(name)) return `${name} has no place in a block of ${this.section}`;
    return this.fields[name] === undefined ? undefined : `${name} comes twice`;
  }
}
