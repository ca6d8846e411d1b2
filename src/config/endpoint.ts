// Addresses of a configuration: host:port to listen on or to dial, and URLs of HTTP endpoints.
import { z } from 'zod';

/** Where to listen or to dial. */
export interface HostPort {
  /** Name or address without brackets; empty in the configuration (`:4317`) means every interface and is `::` here. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:/[\]]*)):(\d{1,5})$/;

/** Reads `host:port`, `:port` or `[v6]:port`; undefined where the text is none. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = HOST_PORT.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || '::'), port };
}

/** The text form, IPv6 addresses in brackets. */
export function formatHostPort(at: HostPort): string {
  return at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`;
}

/**
 * What to give to a server's `listen`. `localhost` is the IPv4 loopback, as for Go programs, whatever the resolver
 * prefers; every interface means both families where there are both.
 */
export function bindOptions(at: HostPort): { readonly host?: string; readonly port: number } {
  if (at.host === '::') return { port: at.port };
  return { host: at.host === 'localhost' ? '127.0.0.1' : at.host, port: at.port };
}

/** An address of our own or of another process: text, or what it was read into. Output: host and port. */
export const hostPort: z.ZodType<HostPort, string> = z
  .string()
  .transform((text, ctx) => {
    const at = parseHostPort(text);
    if (at) return at;
    ctx.addIssue({ code: 'custom', message: `expected host:port such as "localhost:4317", got "${text}"` });
    return z.NEVER;
  })
  .meta({ typeName: 'host:port', write: formatHostPort });

/**
 * The next hop of a gRPC exporter as the Collector reads it: `host:port`, `dns:///host:port`, or a URL whose scheme
 * says whether there is TLS (`http://`: none, whatever `tls` says). Output: host, port, and what the scheme said.
 */
export interface GrpcTarget extends HostPort {
  readonly scheme: 'http' | 'https' | undefined;
}

const TARGET_SCHEME = /^(?:(https?):\/\/|dns:(?:\/\/[^/]*\/)?)/;

/** Reads a gRPC target; undefined where the text is none. */
export function parseGrpcTarget(text: string): GrpcTarget | undefined {
  const prefix = TARGET_SCHEME.exec(text);
  const at = parseHostPort(text.slice(prefix?.[0].length ?? 0).replace(/\/$/, ''));
  return at && { ...at, scheme: prefix?.[1] as 'http' | 'https' | undefined };
}

export const grpcTarget: z.ZodType<GrpcTarget, string> = z
  .string()
  .transform((text, ctx) => {
    const target = parseGrpcTarget(text);
    if (target && target.port > 0) return target;
    ctx.addIssue({ code: 'custom', message: `expected host:port such as "collector:4317", got "${text}"` });
    return z.NEVER;
  })
  .meta({
    typeName: 'host:port',
    write: (target: GrpcTarget) => `${target.scheme ? `${target.scheme}://` : ''}${formatHostPort(target)}`,
  });

/** An http or https URL; its path is kept. Output: the text without a trailing slash. */
export const httpUrl: z.ZodType<string, string> = z
  .string()
  .transform((text, ctx) => {
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
    ctx.addIssue({ code: 'custom', message: `expected a URL such as "http://collector:4318", got "${text}"` });
    return z.NEVER;
  })
  .meta({ typeName: 'URL' });
