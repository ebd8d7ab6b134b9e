import { runFfmpeg } from '../../support/lint/media-tools.ts';

/** A packet of the picture in a file. Seconds. */
export type Packet = { readonly pts: number; readonly key: boolean };

/** Decodes a whole file; returns what ffmpeg complains about. */
export async function decode(file: Uint8Array): Promise<string> {
  return (await runFfmpeg(file, ['-v', 'warning', '-i', 'pipe:0', '-f', 'null', '-'])).said;
}

/** The packets of the picture, in the order of decoding. */
export async function packets(file: Uint8Array): Promise<readonly Packet[]> {
  const copy = ['-map', '0:v:0', '-c', 'copy', '-copyts', '-f', 'framecrc', '-'];
  const { out } = await runFfmpeg(file, ['-v', 'error', '-i', 'pipe:0', ...copy]);
  const text = Buffer.from(out).toString();
  const [, num = '1', den = '1'] = /^#tb 0: (\d+)\/(\d+)$/m.exec(text) ?? [];
  return text
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => {
      const [, , pts = '', , , , flags] = line.split(',').map((field) => field.trim());
      return { pts: (Number(pts) * Number(num)) / Number(den), key: flags !== 'F=0x0' };
    });
}

/** Plays a playlist to its end; returns how many pictures there were, and what ffmpeg complains about. */
export async function play(
  url: string,
): Promise<{ readonly frames: number; readonly said: string }> {
  const copy = ['-map', '0:v:0', '-c', 'copy', '-f', 'framecrc', '-'];
  const decoded = ['-map', '0', '-f', 'null', '-'];
  const none = new Uint8Array(0);
  const { said } = await runFfmpeg(none, ['-v', 'warning', '-i', url, ...decoded]);
  const { out } = await runFfmpeg(none, ['-v', 'error', '-i', url, ...copy]);
  return {
    frames: Buffer.from(out)
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('0,')).length,
    said,
  };
}
