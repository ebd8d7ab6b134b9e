import { type EngineId, isStock } from '../engine-ids.ts';
import { largest, sum } from '../../support/percentile.ts';
import type { ViewerSpec } from '../plan.ts';
import type { BenchViewer, Theatre } from '../theatre.ts';
import type { NodeStage } from './calls.ts';
import { type PeerHost, startPeerHost } from './peer-host.ts';

/** What the processes of the viewers need to know. */
export type NodeTheatreOptions = Omit<NodeStage, 'tracker'> & {
  readonly trackerUrl: (index: number) => Promise<string>;
  readonly engine: EngineId;
  readonly processes: number;
};

/** The bundle of p2p-media-loader-core: its single modules import what Node does not find. */
const STOCK_BUNDLE = 'p2pml:core-as-bundle';

/** Processes with viewers; those who will be killed have one of their own. */
export function openNodeTheatre(options: NodeTheatreOptions): Promise<Theatre> {
  const { playlist, trackerUrl, foreignVideo } = options;
  const start = (): PeerHost => startPeerHost(isStock(options.engine) ? [STOCK_BUNDLE] : []);
  const hosts = Array.from({ length: options.processes }, start);
  let doomed: PeerHost | undefined;
  let opened = 0;
  let seats = 0;
  const hostFor = (spec: ViewerSpec): PeerHost => {
    if (spec.doomed) return (doomed ??= start());
    const host = hosts[opened++ % hosts.length];
    if (host === undefined) throw new Error('no process for a viewer');
    return host;
  };
  return Promise.resolve({
    open: async (spec) => {
      const tracker = await trackerUrl(seats++);
      return seat(hostFor(spec), spec, { playlist, tracker, foreignVideo });
    },
    measure: async () => {
      await Promise.all(hosts.map((host) => host.ask('measure', null)));
      return async () => {
        const loads = await Promise.all(hosts.map((host) => host.ask('measured', null)));
        return {
          cpuMs: sum(loads.map(({ cpuMs }) => cpuMs ?? 0)),
          lagMs: largest(loads.map(({ lagMs }) => lagMs ?? 0)),
        };
      };
    },
    killDoomed: () => {
      doomed?.kill();
    },
    close: async () => {
      await Promise.all(
        [...hosts, ...(doomed === undefined ? [] : [doomed])].map((host) => host.close()),
      );
    },
  });
}

function seat(host: PeerHost, spec: ViewerSpec, stage: NodeStage): BenchViewer {
  const { tag } = spec;
  return {
    spec,
    join: async () => {
      await host.ask('join', { spec, stage });
    },
    hasStarted: () => host.ask('hasStarted', { tag }),
    has: (path) => host.ask('has', { tag, path }),
    read: () => host.ask('read', { tag }),
    close: async () => {
      await host.ask('close', { tag });
    },
  };
}
