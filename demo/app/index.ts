export { type Demo, startDemo } from './compose.ts';
export {
  type Command,
  type ConfigProblem,
  type DemoConfig,
  type LogLevel,
  parseConfig,
  type PictureSize,
} from './config.ts';
export { DemoError, type DemoErrorCode } from './errors.ts';
export { type DemoUrls } from './urls.ts';
