import { expect, it } from 'vitest';
import {
  credentialQuery,
  privately,
  withCredentials,
} from '../../../../../server/src/adapters/http/guarded-lists.ts';

function rewritten(text: string, query: string): string {
  const object = { bytes: Buffer.from(text), contentType: '', etag: '', cacheControl: '' };
  return Buffer.from(withCredentials(object, credentialQuery(query)).bytes).toString();
}

it('ORG-39: every URL of a playlist is followed by the credentials, and by nothing else of the query', () => {
  const text = [
    '#EXTM3U',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",URI="audio/index.m3u8"',
    '#EXT-X-MAP:URI="1-init.mp4"',
    '#EXTINF:2,',
    '1-0.m4s',
    '#EXT-X-PART:DURATION=0.3,URI="1-1.0.m4s",INDEPENDENT=YES',
    '#EXT-X-RENDITION-REPORT:URI="../low/ll.m3u8",LAST-MSN=1',
    '',
  ].join('\n');
  const query = 'token=a%22%0A%2F&_HLS_msn=3';
  expect(rewritten(text, query)).toBe(
    text.replaceAll(/(index\.m3u8|init\.mp4|\.m4s|ll\.m3u8)/g, '$1?token=a%22%0A%2F'),
  );
  expect(rewritten(text, '_HLS_msn=3')).toBe(text);
});

it('ORG-39: so is a delta update', () => {
  const reach = { lastMsn: 1, lastParts: 0, ended: false };
  const delta = Buffer.from('#EXTM3U\n1-1.m4s\n');
  const object = {
    ...{ bytes: delta, contentType: '', etag: '', cacheControl: '' },
    awaited: { reach, delta, cacheControl: '', waitMs: 1 },
  };
  const given = withCredentials(object, 'token=x');
  expect(Buffer.from(given.awaited?.delta ?? []).toString()).toBe('#EXTM3U\n1-1.m4s?token=x\n');
  expect(given.awaited?.reach).toBe(reach);
});

it('ORG-39: so are the pictures of a storyboard, before the place in them', () => {
  const text = 'WEBVTT\n\n00:00:00.000 --> 00:00:10.000\n7-storyboard-1.jpg#xywh=0,0,160,90\n';
  expect(rewritten(text, 'user=a&pass=b')).toBe(text.replace('.jpg#', '.jpg?user=a&pass=b#'));
});

it('ORG-39: what is not for everybody is not for shared caches', () => {
  expect(privately('public, max-age=0, s-maxage=1')).toBe('private, max-age=0');
  expect(privately('public, max-age=31536000, immutable')).toBe(
    'private, max-age=31536000, immutable',
  );
  expect(privately('no-store')).toBe('no-store');
});
