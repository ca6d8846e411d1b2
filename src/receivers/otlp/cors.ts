// Cross-origin requests of browsers (https://fetch.spec.whatwg.org/#http-cors-protocol).
import type { CorsConfig } from './config.js';

/** Headers that OTLP exporters in browsers set. */
const USUAL_HEADERS = ['Content-Type', 'Content-Encoding', 'Accept'];

export class Cors {
  private readonly origins: readonly RegExp[];

  constructor(private readonly config: CorsConfig) {
    this.origins = config.allowed_origins.map(pattern);
  }

  /** Headers for an answer to that origin; none for a stranger, whose browser then keeps the answer from the page. */
  headers(origin: string | undefined): Record<string, string> {
    if (!origin || !this.origins.some((allowed) => allowed.test(origin))) return { vary: 'Origin' };
    const exposed = this.config.exposed_headers.join(', ');
    return {
      vary: 'Origin',
      'access-control-allow-origin': origin,
      ...(exposed && { 'access-control-expose-headers': exposed }),
    };
  }

  /** Headers for the question that a browser asks first. */
  preflight(origin: string | undefined): Record<string, string> {
    const headers = this.headers(origin);
    if (!headers['access-control-allow-origin']) return headers;
    return {
      ...headers,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': [...USUAL_HEADERS, ...this.config.allowed_headers].join(', '),
      ...(this.config.max_age > 0 && { 'access-control-max-age': String(this.config.max_age) }),
    };
  }
}

/** `*` stands for any run of characters, at any place, as in the Collector. */
function pattern(origin: string): RegExp {
  const literal = origin.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 'i');
}
