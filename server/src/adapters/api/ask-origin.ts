import { OriginAway } from '../origins/get-json.ts';
import { ApiProblem } from './problems.ts';

/** Has the origin asked; throws a 503 while it cannot be. */
export async function askOrigin<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof OriginAway)) throw error;
    throw new ApiProblem(503, {
      code: 'origin-away',
      detail: 'the origin cannot be asked at the moment',
      headers: { 'Retry-After': '2' },
    });
  }
}
