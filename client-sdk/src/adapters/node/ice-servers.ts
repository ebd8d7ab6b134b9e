/** A server as an embedder names it; see `NodeIceServer`. */
type Configured = {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
};

/** A server as node-datachannel takes it. */
export type NativeIceServer = {
  hostname: string;
  port: number;
  username?: string;
  password?: string;
  relayType?: 'TurnUdp' | 'TurnTcp' | 'TurnTls';
};

const URL_PATTERN =
  /^(stuns?|turns?):(\[[0-9a-f:]+\]|[^:?[\]@\s]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/** Every server in node-datachannel's terms; undefined if one of the URLs is not as RFC 7064 and RFC 7065 have it. */
export function toNativeIceServers(
  servers: readonly Configured[],
): readonly NativeIceServer[] | undefined {
  const natives: NativeIceServer[] = [];
  for (const { urls, username, credential } of servers)
    for (const url of typeof urls === 'string' ? [urls] : urls) {
      const native = toNative(url);
      if (native === undefined) return undefined;
      const login = {
        ...(username !== undefined && { username }),
        ...(credential !== undefined && { password: credential }),
      };
      natives.push(native.relayType === undefined ? native : { ...native, ...login });
    }
  return natives;
}

function toNative(url: string): NativeIceServer | undefined {
  const [, scheme, host, port, transport] = URL_PATTERN.exec(url) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const secure = scheme.toLowerCase().endsWith('s');
  const server = {
    hostname: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? (secure ? 5349 : 3478) : Number(port),
  };
  if (server.port > 65_535) return undefined;
  if (scheme.toLowerCase().startsWith('stun')) return server;
  const relayType = secure ? 'TurnTls' : transport?.toLowerCase() === 'tcp' ? 'TurnTcp' : 'TurnUdp';
  return { ...server, relayType };
}
