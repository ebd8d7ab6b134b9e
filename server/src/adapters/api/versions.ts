import { ApiProblem } from './problems.ts';

/** Entity tag of a version. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version that a change is meant for: that of `If-Match` (RFC 9110 section 13.1.1), or whichever there is now. Throws a 412 where
 * that is another one.
 */
export function expectVersion(ifMatch: string | undefined, now: number): number {
  if (ifMatch === undefined || ifMatch.trim() === '*') return now;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(etagOf(now))) throw changedMeanwhile();
  return now;
}

/** Where somebody else was faster. */
export function changedMeanwhile(): ApiProblem {
  return new ApiProblem(412, {
    code: 'changed-meanwhile',
    detail: 'it was changed meanwhile: read it again',
  });
}
