import { type OnAir } from '../../core/index.ts';
import { type BroadcastRow } from '../database/broadcast-table.ts';

/** When a broadcast was on, with itself. */
export function onAirOf(row: BroadcastRow): OnAir & { readonly row: BroadcastRow } {
  return { beginAt: row.started_at ?? row.created_at, endAt: row.ended_at ?? undefined, row };
}
