import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JournalRecord, ORIGIN_LIMITS } from '@shoal/server/core';
import { JournalFolder } from '../../../../../server/src/adapters/recording/journal-folder.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-journal-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function read(journals: JournalFolder, id: number): Promise<readonly JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of journals.read(id)) records.push(record);
  return records;
}

const stored = (msn: number): JournalRecord => ({ type: 'stored', epoch: 1, msn });

describe('a folder of journals', () => {
  it('ORG-17 gives back what was appended, and passes over a line that was torn', async () => {
    const first = new JournalFolder(folder);
    first.append(7, stored(0));
    first.close();
    appendFileSync(join(folder, '7.jsonl'), '{"type":"sto');
    const second = new JournalFolder(folder);
    expect(await read(second, 7)).toEqual([stored(0)]);
    second.append(7, stored(1));
    second.append(7, stored(2));
    expect(await read(second, 7)).toEqual([stored(0), stored(1), stored(2)]);
    second.close();
  });

  it('what is no line of a journal is passed over, however long it is', async () => {
    const journals = new JournalFolder(folder);
    const noise = 'x'.repeat(20 * ORIGIN_LIMITS.journalLineBytes);
    writeFileSync(join(folder, '7.jsonl'), `${noise}\n\0\n`);
    journals.append(7, stored(1));
    expect(await read(journals, 7)).toEqual([stored(1)]);
    journals.close();
  });

  it('holds few files open, and appends to each of them', async () => {
    const journals = new JournalFolder(folder);
    const ids = [1, 2, 3, 4, 5, 6, 7, 8];
    for (let round = 0; round < 2; round++)
      for (const id of ids) journals.append(id, stored(round));
    expect(journals.journals()).toEqual(ids);
    for (const id of ids) expect(await read(journals, id)).toEqual([stored(0), stored(1)]);
    journals.close();
  });

  it('ORG-17 a summary that is damaged is none: the journal tells', () => {
    const journals = new JournalFolder(folder);
    const summary = {
      ...{ broadcast: 9, beginAt: 1, endAt: 2, durationMs: 1, bytes: 3, segments: 1, gaps: 0 },
      ...{ renditions: [], firstEpoch: 9, lastEpoch: 9, vod: true, deleting: false },
    };
    journals.writeSummary(summary);
    expect(journals.summaries()).toEqual([summary]);
    writeFileSync(join(folder, '9.json'), readFileSync(join(folder, '9.json')).subarray(0, 40));
    expect(journals.summaries()).toEqual([]);
  });

  it('ORG-16 removes both, and what is not there is removed already', () => {
    const journals = new JournalFolder(folder);
    journals.append(7, stored(1));
    journals.remove(7);
    journals.remove(7);
    expect(journals.journals()).toEqual([]);
  });
});
