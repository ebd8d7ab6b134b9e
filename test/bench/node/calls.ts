import type { BenchReading } from '../page/reading.ts';
import type { ViewerSpec } from '../plan.ts';
import type { TheatreLoad } from '../theatre.ts';

/** What the viewers of a process watch. */
export type NodeStage = {
  readonly playlist: string;
  readonly tracker: string;
  readonly foreignVideo: string | undefined;
};

/** What a process with viewers can be asked, and what it answers. */
export type Calls = {
  readonly join: {
    readonly ask: { readonly spec: ViewerSpec; readonly stage: NodeStage };
    readonly answer: null;
  };
  readonly hasStarted: { readonly ask: { readonly tag: string }; readonly answer: boolean };
  readonly has: {
    readonly ask: { readonly tag: string; readonly path: string };
    readonly answer: boolean;
  };
  readonly read: { readonly ask: { readonly tag: string }; readonly answer: BenchReading };
  readonly close: { readonly ask: { readonly tag: string }; readonly answer: null };
  readonly measure: { readonly ask: null; readonly answer: null };
  readonly measured: { readonly ask: null; readonly answer: TheatreLoad };
};

/** One question on its way to a process. */
export type CallMessage = {
  readonly [Name in keyof Calls]: {
    readonly id: number;
    readonly call: Name;
    readonly ask: Calls[Name]['ask'];
  };
}[keyof Calls];

/** The answer. */
export type AnswerMessage =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string };
