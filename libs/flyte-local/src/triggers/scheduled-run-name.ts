import type { TriggerKey } from './trigger-key.js';

/** FNV-1 of 64 bits. */
const [OFFSET, PRIME, MASK] = [0xcbf29ce484222325n, 0x100000001b3n, 0xffffffffffffffffn];

/**
 * The name of the run that a trigger makes for a time, the same as upstream's (flyteorg/flyte runs/scheduler/executor): a time that is
 * fired for a second time makes no second run.
 */
export function scheduledRunName({ project, domain, taskName, name }: TriggerKey, instant: number): string {
  const at = new Date(instant);
  const date = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
  const text = [project, domain, taskName, name, ...date, ...time].join(':');
  const hash = Buffer.from(text).reduce((sum, byte) => ((sum * PRIME) & MASK) ^ BigInt(byte), OFFSET);
  return `r${hash.toString(16)}`;
}
