import { describe, expect, it } from 'vitest';
import { Catalog, siblingUrl } from '../../../../client-sdk/src/core/catalog.ts';
import { originSegment, renditionId } from '../../../support/builders.ts';

const one = originSegment(1);
const two = originSegment(2);

describe('the catalog', () => {
  it('finds a listed segment by URL, by number, and by its whole identity', () => {
    const catalog = new Catalog();
    expect(catalog.list(one.info, one.url)).toBe(true);
    expect(catalog.list(one.info, one.url)).toBe(false);
    const listed = { info: one.info, url: one.url };
    expect(catalog.byUrl(one.url)).toEqual(listed);
    expect(catalog.byMsn(renditionId(), 1)).toEqual(listed);
    expect(catalog.find(one.info.id)).toEqual(listed);
    expect(catalog.find({ ...one.info.id, epoch: 1 })).toBeUndefined();
    expect(catalog.byMsn(renditionId('low'), 1)).toBeUndefined();
  });

  it('SEG-3 guesses the URL of an announced segment from those of its rendition’s playlist', () => {
    const catalog = new Catalog();
    expect(catalog.announce(two.info)).toBe(false);
    catalog.list(one.info, `${one.url}?token=a/b`);
    expect(catalog.announce(two.info)).toBe(true);
    expect(catalog.announce(two.info)).toBe(false);
    expect(catalog.byMsn(renditionId(), 2)?.url).toBe(`${two.url}?token=a/b`);
  });

  it('knows an announced segment by the URL under which the playlist lists it, too', () => {
    const catalog = new Catalog();
    catalog.list(one.info, one.url);
    catalog.announce(two.info);
    catalog.list(two.info, `${two.url}?own=1`);
    expect(catalog.byUrl(`${two.url}?own=1`)).toBe(catalog.byUrl(two.url));
  });

  it('SEG-7 takes the playlist’s word over an announcement, and never the reverse', () => {
    const catalog = new Catalog();
    catalog.list(one.info, one.url);
    const foreign = { ...two.info, root: one.info.root };
    catalog.announce(foreign);
    expect(catalog.list(two.info, two.url)).toBe(true);
    catalog.announce(foreign);
    expect(catalog.find(two.info.id)?.info).toEqual(two.info);
    expect(catalog.byUrl(two.url)?.info).toEqual(two.info);
  });

  it('SEG-2 a later epoch replaces an earlier one of the same number', () => {
    const catalog = new Catalog();
    const later = originSegment(1, { epoch: 1_800_000_000 });
    catalog.list(one.info, one.url);
    catalog.list(later.info, later.url);
    expect(catalog.byMsn(renditionId(), 1)?.info).toEqual(later.info);
    expect(catalog.list(one.info, one.url)).toBe(false);
    expect(catalog.byMsn(renditionId(), 1)?.info).toEqual(later.info);
  });

  it.each([
    ['https://h/live/c/r/9-9.m4s', 'https://h/live/c/r/5-6.m4s'],
    ['https://h/live/c/r/9-9.m4s?x=/y#z', 'https://h/live/c/r/5-6.m4s?x=/y#z'],
    ['/r/9-9.m4s', '/r/5-6.m4s'],
  ])('SEG-3 beside %s stands %s', (sample, sibling) => {
    expect(siblingUrl(sample, { epoch: 5, msn: 6 })).toBe(sibling);
  });
});
