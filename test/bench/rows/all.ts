import type { Row } from '../figures.js';
import { guard } from './guard.js';
import { me } from './me.js';
import { noise } from './noise.js';
import { verify } from './verify.js';

/** All rows, in the order in which they are measured. */
export const ROWS: readonly Row[] = [noise, guard, me, verify];
