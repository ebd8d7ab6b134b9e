/** Version of both wire protocols, sent first by each side; a peer or tracker that shares no version is left alone (PEER-1, TRK-1). */
export const PROTOCOL_VERSION = 1;
