// What makes the pseudo headers of a message wrong (RFC 9113, 8.3; RFC 9110, 4.2, 7.2 and 9.1; RFC 3986).

type Values = Readonly<Record<string, string | undefined>>;

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/**
 * Visible ASCII from the slash on, without a fragment; what is beyond ASCII is somebody's sloppiness and nobody's harm.
 */
const PATH = /^\/[!-"$-~\x80-\xff]*$/;
/** Host and port, and nothing in front of them: user information has no place there. */
const AUTHORITY = /^[\w\-.~!$&'()*+,;=:%[\]]+$/;
const STATUS = /^[1-9]\d\d$/;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ':80', https: ':443' };

/** Why these are not the fields of a request; undefined: they are. */
export function requestFault(fields: Values): string | undefined {
  const { ':method': method, ':scheme': scheme, ':path': path } = fields;
  if (!method || !METHOD.test(method)) return ':method is missing, or no method';
  if (method === 'CONNECT') return connectFault(fields);
  if (!scheme || !SCHEME.test(scheme)) return ':scheme is missing, or no scheme';
  if (!path || !(PATH.test(path) || (path === '*' && method === 'OPTIONS'))) return ':path is missing, or no path';
  return authorityFault(fields, scheme.toLowerCase());
}

/** CONNECT names where to connect to, and nothing else (8.5). */
function connectFault(fields: Values): string | undefined {
  const { ':scheme': scheme, ':path': path, ':authority': authority } = fields;
  if (scheme !== undefined || path !== undefined) return 'CONNECT has a :scheme or a :path';
  return authority && AUTHORITY.test(authority) ? undefined : 'CONNECT needs an :authority';
}

/** Who names the server twice has to name the same (8.3.1). */
function authorityFault({ ':authority': authority, host }: Values, scheme: string): string | undefined {
  if (authority !== undefined && !AUTHORITY.test(authority)) return ':authority is not host and port';
  if (host !== undefined && host !== '' && !AUTHORITY.test(host)) return 'host is not host and port';
  const differ = authority !== undefined && host !== undefined && normal(authority, scheme) !== normal(host, scheme);
  return differ ? ':authority and host name different servers' : undefined;
}

function normal(authority: string, scheme: string): string {
  const text = authority.toLowerCase();
  const port = DEFAULT_PORTS[scheme];
  return port !== undefined && text.endsWith(port) ? text.slice(0, -port.length) : text;
}

/** Why this is no status; undefined: it is one. */
export function statusFault(status: string | undefined): string | undefined {
  return status !== undefined && STATUS.test(status) ? undefined : ':status is missing, or no status';
}
