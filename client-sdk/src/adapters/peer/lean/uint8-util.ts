/** The package's own calls `toHex()`, which browsers have only had since 2025. */
export const arr2hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const randomBytes = (size: number): Uint8Array<ArrayBuffer> =>
  crypto.getRandomValues(new Uint8Array(size));

export const text2arr = (text: string): Uint8Array => new TextEncoder().encode(text);
