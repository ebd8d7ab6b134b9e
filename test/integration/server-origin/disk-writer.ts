import { openStore } from '../../../server/src/adapters/storage/open-store.ts';

/** A process that puts files of 3 MB into a disk store until it is killed; its argument is the folder. */

const [, , folder = ''] = process.argv;
const store = await openStore({ type: 'disk', folder });
const bytes = new Uint8Array(3_000_000).fill(7);
for (let n = 0; ; n++) {
  await store.put(`/live/demo/source/1-${n % 20}.m4s`, bytes);
  if (n === 2) process.send?.('writing');
}
