import { isStock } from '../engine-ids.ts';
import { type LagMeter, startLagMeter } from '../lag-meter.ts';
import type { BenchReading } from '../page/reading.ts';
import type { AnswerMessage, CallMessage, NodeStage } from './calls.ts';
import type { ViewerSpec } from '../plan.ts';
import type { NodeViewer } from './node-viewer.ts';

/** A process of the bench that holds viewers; answers what its parent asks, and ends with it. */

const viewers = new Map<string, NodeViewer>();
let measured: { readonly lag: LagMeter; readonly cpu: NodeJS.CpuUsage } | undefined;

process.on('message', (message) => {
  // From the bench alone, which sends nothing else.
  void answer(message as CallMessage).then((said) => process.send?.(said));
});
process.on('disconnect', () => process.exit(0));

async function answer(message: CallMessage): Promise<AnswerMessage> {
  const { id } = message;
  try {
    return { id, ok: true, answer: await carryOut(message) };
  } catch (error) {
    return {
      id,
      ok: false,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

async function carryOut(message: CallMessage): Promise<unknown> {
  switch (message.call) {
    case 'join': {
      const { spec, stage } = message.ask;
      viewers.set(spec.tag, await startViewer(spec, stage));
      return null;
    }
    case 'hasStarted':
      return read(message.ask.tag).startupMs !== undefined;
    case 'has': {
      const { path } = message.ask;
      return read(message.ask.tag).segments.some((segment) => segment.path === path);
    }
    case 'read':
      return read(message.ask.tag);
    case 'close':
      viewers.get(message.ask.tag)?.close();
      return null;
    case 'measure':
      measured = { lag: await startLagMeter(), cpu: process.cpuUsage() };
      return null;
    case 'measured': {
      const { user, system } = process.cpuUsage(measured?.cpu);
      return { cpuMs: (user + system) / 1000, lagMs: measured?.lag.stop() };
    }
  }
}

async function startViewer(spec: ViewerSpec, stage: NodeStage): Promise<NodeViewer> {
  if (isStock(spec.engine)) {
    // The package looks for them when it is loaded.
    (await import('./webrtc-globals.ts')).installBrowserGlobals();
    const { startStockViewer } = await import('./stock-viewer.ts');
    return startStockViewer(spec, stage);
  }
  const { startShoalViewer } = await import('./shoal-viewer.ts');
  return startShoalViewer(spec, stage);
}

function read(tag: string): BenchReading {
  const viewer = viewers.get(tag);
  if (viewer === undefined) throw new Error(`there is no viewer ${tag}`);
  return viewer.read();
}
