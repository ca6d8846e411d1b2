// TLS of a server whose certificate files may change while it runs (cert-manager renews them in place).
import type { TlsOptions } from 'node:tls';
import { type ServerTls, serverTlsOptions } from '../../config/tls.js';

interface TlsServer {
  setSecureContext(options: TlsOptions): void;
}

/** Reads the files again every `reload_interval`; new connections get what they hold then. Returns how to stop. */
export function watchCertificates(
  tls: ServerTls,
  server: TlsServer,
  initial: TlsOptions,
  reloaded: (error?: Error) => void,
): () => void {
  if (!tls.reload_interval) return () => {};
  let current = fingerprint(initial);
  const reload = async (): Promise<void> => {
    const options = await serverTlsOptions(tls);
    if (fingerprint(options) === current) return;
    server.setSecureContext(options);
    current = fingerprint(options);
    reloaded();
  };
  const timer = setInterval(() => void reload().catch(reloaded), tls.reload_interval).unref();
  return () => clearInterval(timer);
}

const fingerprint = ({ cert, key, ca }: TlsOptions): string => JSON.stringify([cert, key, ca]);
