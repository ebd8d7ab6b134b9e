import { expect, it } from 'vitest';
import { PlaybackReport } from '@shoal/demo/viewer/playback-report';

it('HLT-2 says what happened since it was said last, over several playbacks', () => {
  const report = new PlaybackReport();
  expect(report.take()).toEqual({ type: 'playback', stalls: 0, errors: 0 });
  report.stalls(2);
  report.stalls(3);
  expect(report.take()).toEqual({ type: 'playback', stalls: 3, errors: 0 });
  report.stalls(3);
  report.failed();
  // Another playback counts from the beginning.
  report.stalls(1);
  report.stalls(2);
  expect(report.take()).toEqual({ type: 'playback', stalls: 2, errors: 1 });
  report.stalls(2);
  expect(report.take()).toEqual({ type: 'playback', stalls: 0, errors: 0 });
});
