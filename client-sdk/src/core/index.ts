export { SwarmEngine } from './engine.ts';
export type {
  Effect,
  EngineOptions,
  EngineStats,
  Input,
  PlaybackInput,
  PlaylistInput,
  Report,
  TrackPosition,
} from './io.ts';
export { ENGINE } from './limits.ts';
