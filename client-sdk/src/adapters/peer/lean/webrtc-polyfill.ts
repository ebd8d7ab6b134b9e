const scope: typeof globalThis = globalThis;

/** The browser's own. Undefined on a server, where the SDK may be imported too. */
export const RTCPeerConnection: typeof scope.RTCPeerConnection = scope.RTCPeerConnection;
export const RTCSessionDescription: typeof scope.RTCSessionDescription =
  scope.RTCSessionDescription;
export const RTCIceCandidate: typeof scope.RTCIceCandidate = scope.RTCIceCandidate;
