import { OriginError } from '../../errors.ts';
import { type FileCertificate, readCertificate } from '../certificate.ts';
import { createHttpApp, type HttpPorts, type Mount } from './app.ts';

/** Where to listen, with which certificate, and the folder of pages served at `/`. */
export type HttpOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls?: FileCertificate;
  readonly staticDir?: string;
  /** What else is served. */
  readonly mounts?: readonly Mount[];
};

/** A server that listens. */
export type HttpServer = { readonly port: number; readonly close: () => Promise<void> };

/** Rejects with an `OriginError`: `bad-options` for a certificate, `port-in-use` or `listen-failed`; else as what is mounted does. */
export async function startHttp(options: HttpOptions, ports: HttpPorts): Promise<HttpServer> {
  const { host, port, tls, staticDir, mounts } = options;
  const app = await createHttpApp(ports, {
    ...(staticDir !== undefined && { staticDir }),
    ...(mounts !== undefined && { mounts }),
    ...(tls !== undefined && { tls: readCertificate(tls) }),
  });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const cause = error instanceof Error ? error : new Error('listen failed');
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    throw OriginError.listening(
      { option: 'http.port', host, port },
      { code, message: cause.message },
    );
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => app.close(),
  };
}
