import { assertNever, BYE, segmentKey } from '@shoal/protocol';
import type { Report } from '../../core/io.ts';
import { shoalWarning } from '../../errors.ts';
import type { Emitter } from './emitter.ts';

/** Tells the embedder what the engine reports. */
export function publishReport(report: Report, emitter: Emitter): void {
  switch (report.type) {
    case 'segment': {
      const { id, size, httpBytes, p2pBytes, waitedMs } = report;
      emitter.emit('segment', { id, size, httpBytes, p2pBytes, waitedMs });
      return;
    }
    case 'peers':
      emitter.emit('peers', { connected: report.connected });
      return;
    case 'resting':
      emitter.emit('rest', { resting: report.resting });
      return;
    case 'sharing':
      // What decides over it tells of it.
      return;
    case 'peer-dropped':
      // Other reasons are everyday life in a swarm.
      if (report.reason === BYE.corrupt)
        emitter.warn(shoalWarning('corrupt-peer', { detail: report.peer }));
      return;
    case 'corrupt-origin':
      emitter.warn(shoalWarning('corrupt-origin', { detail: segmentKey(report.id) }));
      return;
    case 'tracker-refused':
      emitter.warn(
        shoalWarning('tracker-refused', { detail: `${report.code}, ${report.message}` }),
      );
      return;
    default:
      assertNever(report);
  }
}
