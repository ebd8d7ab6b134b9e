const VIEWER = /^[\x21-\x7e]{1,128}$/;

/** Whether a text can be the `sub` of a token: 1–128 printable ASCII characters (TRK-22). */
export function isViewerName(text: unknown): text is string {
  return typeof text === 'string' && VIEWER.test(text);
}
