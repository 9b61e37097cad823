import { outsideRequests } from '../../auth/outside-requests.js';

/** Loads what repeats a call, with the first that has to be repeated or may have to be. */
export async function loadRetry(): Promise<typeof import('p-retry').default> {
  return (await outsideRequests(() => import('p-retry'))).default;
}
