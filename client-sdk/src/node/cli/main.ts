#!/usr/bin/env node
import { setTimeout as wait } from 'node:timers/promises';
import { createNodePeer } from '../create-node-peer.ts';
import type { NodePeer } from '../node-peer.ts';
import { type PeerCommand, peerHelpText, readPeerCommand } from './options.ts';
import { progressLine, progressOf } from './progress.ts';

type Run = Extract<PeerCommand, { readonly type: 'run' }>;

/** Peers start this far apart, so that neither origin nor tracker sees them as one burst. */
const START_GAP_MS = 50;
/** How often it is looked whether the stream has ended. */
const LOOK_MS = 500;
const CLOSE_WITHIN_MS = 5_000;
const SAME_SIGNAL_MS = 1_000;

process.exitCode = await main();
// Peers let the process end within half a second; a library that does not must not hang a script.
setTimeout(() => process.exit(), CLOSE_WITHIN_MS).unref();

async function main(): Promise<number> {
  const command = readPeerCommand(process.argv.slice(2), process.env);
  if (!command.ok) {
    for (const problem of command.error) console.error(problem);
    console.error('shoal-peer --help lists the options.');
    return 2;
  }
  if (command.value.type === 'help') {
    console.log(peerHelpText());
    return 0;
  }
  const stopping = new AbortController();
  let askedAt: number | undefined;
  const stop = (): void => {
    askedAt ??= performance.now();
    // npm passes the terminal's Ctrl+C on, so that one comes twice.
    if (performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(130);
    stopping.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const peers: NodePeer[] = [];
  try {
    return await run(command.value, peers, stopping.signal);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    for (const peer of peers) peer.close();
  }
}

async function run(command: Run, peers: NodePeer[], stopped: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const until = command.seconds ?? Infinity;
  const over = (): boolean => stopped.aborted || seconds() >= until;
  const say = (type: 'progress' | 'end', more: Readonly<Record<string, unknown>> = {}): number => {
    const stats = peers.map((peer) => peer.stats());
    const progress = progressOf(stats, seconds());
    if (command.json) console.log(JSON.stringify({ type, ...progress, ...more }));
    else console.log(progressLine(progress));
    return progress.playedSegments;
  };
  const warned = new Set<string>();
  const warn = (code: string, message: string): void => {
    if (warned.has(code)) return;
    warned.add(code);
    console.error(command.json ? JSON.stringify({ type: 'warning', code, message }) : message);
  };
  const report = setInterval(() => say('progress'), command.every * 1000);
  try {
    while (peers.length < command.peers && !over()) {
      const peer = await createNodePeer({
        playlist: command.playlist,
        tracker: command.tracker,
        userAgent: `shoal-peer/${peers.length + 1}`,
        ...(command.signingKeys !== undefined && { signingKeys: command.signingKeys }),
        ...(command.uploadKbps !== undefined && { upload: { maxKbps: command.uploadKbps } }),
      });
      peers.push(peer);
      peer.on('warning', ({ code, message }) => {
        warn(code, message);
      });
      await pause(START_GAP_MS, stopped);
    }
    const ended = (): boolean => peers.every((peer) => peer.stats().ended);
    while (!over() && !ended())
      await pause(Math.min(LOOK_MS, Math.max(0, 1000 * (until - seconds()))), stopped);
    const played = say('end', { reason: reason(stopped.aborted, ended()) });
    if (played > 0 || stopped.aborted) return 0;
    console.error(`Nothing was played. Is this the playlist? ${command.playlist}`);
    return 1;
  } finally {
    clearInterval(report);
  }
}

function reason(stopped: boolean, ended: boolean): 'stopped' | 'stream-ended' | 'time-over' {
  if (stopped) return 'stopped';
  return ended ? 'stream-ended' : 'time-over';
}

/** Passes the time, or less if it is to stop. */
async function pause(ms: number, stopped: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal: stopped }).catch(() => {});
}
