export { SwarmEngine } from './engine.ts';
export type {
  Effect,
  EngineOptions,
  EngineStats,
  Input,
  PlaybackInput,
  PlaylistInput,
  Report,
} from './io.ts';
export { ENGINE } from './limits.ts';
