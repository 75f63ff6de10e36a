import {createHash} from 'node:crypto';

/**
 * Which of these replicas writes to a member: rendezvous hashing, the highest score wins. Each replica comes to the same answer by
 * itself; one that comes takes its share and no more, one that goes leaves its share to the others.
 *
 * @param replicas - identities, in any order
 * @returns undefined where there are none
 */
export function chooseReplica(member: string, replicas: Iterable<string>): string | undefined {
  let best: {readonly identity: string; readonly score: string} | undefined;
  for (const identity of replicas) {
    const score = createHash('sha256').update(`${identity}\0${member}`).digest('hex');
    if (best === undefined || score > best.score) best = {identity, score};
  }
  return best?.identity;
}
