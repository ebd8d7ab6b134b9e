/** A plugin for Rolldown, Vite and Rollup; see `lean-simple-peer.js`. */
export declare const leanSimplePeer: () => {
  readonly name: string;
  readonly enforce: 'pre';
  resolveId(
    this: {
      resolve(
        id: string,
        importer: string,
        options: { skipSelf: boolean },
      ): Promise<{ readonly id: string } | null>;
    },
    id: string,
    importer: string | undefined,
  ): Promise<string | null>;
  readonly load: (id: string) => Promise<string> | null;
};
