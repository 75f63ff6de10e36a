import {stringify} from 'yaml';

const CONTEXT_LINES = 3;

/**
 * What changes from one text to another, as `diff -u` shows it: what both begin and end with is the same, all between is removed and
 * added. Ours is one block, so that is as short as it gets.
 *
 * @param before - text, JSON, or undefined for nothing
 */
export function shownDifference(before: unknown, after: unknown): string {
  const [old, next] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < next.length && old[head] === next[head]) head++;
  let tail = 0;
  const most = Math.min(old.length, next.length) - head;
  while (tail < most && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail++;
  const lines = [
    ...old.slice(Math.max(0, head - CONTEXT_LINES), head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...next.slice(head, next.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, old.length - tail + CONTEXT_LINES).map((line) => ` ${line}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function linesOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : stringify(value, {lineWidth: 0});
  return text.replace(/\n$/, '').split('\n');
}
