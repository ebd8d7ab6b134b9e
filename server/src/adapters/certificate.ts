import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { OriginError } from '../errors.ts';

/** A certificate with its chain, and its key, in PEM files. */
export type FileCertificate = { readonly certFile: string; readonly keyFile: string };

/**
 * Reads a certificate and its key from PEM files. Throws an `OriginError` (`bad-options`) that names the file which cannot be read,
 * or says that the two do not fit.
 */
export function readCertificate<T extends FileCertificate>(
  at: T,
): Omit<T, 'certFile' | 'keyFile'> & { readonly cert: string; readonly key: string } {
  const { certFile, keyFile, ...rest } = at;
  const pem = { cert: read('certFile', certFile), key: read('keyFile', keyFile) };
  try {
    createSecureContext(pem);
  } catch (cause) {
    throw new OriginError(
      'bad-options',
      `${certFile} and ${keyFile} are no certificate and its key`,
      {
        cause,
      },
    );
  }
  return { ...rest, ...pem };
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OriginError('bad-options', `${option} ${path} cannot be read`, { cause });
  }
}
