/** Gives a token that the site's server has signed for this viewer. */
export type TokenSource = () => string | Promise<string>;

/** The tracker's URL with a fresh token, which is checked before there is a WebSocket (TRK-22). What the source throws rejects. */
export async function urlWithToken(url: string, source: TokenSource): Promise<string> {
  const withToken = new URL(url);
  withToken.searchParams.set('token', await source());
  return withToken.href;
}
