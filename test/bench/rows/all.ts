import type { Row } from '../figures.js';
import { action } from './action.js';
import { bootstrap } from './bootstrap.js';
import { children } from './children.js';
import { discovery } from './discovery.js';
import { guard } from './guard.js';
import { literals } from './literals.js';
import { me } from './me.js';
import { noise } from './noise.js';
import { plane } from './plane.js';
import { python } from './python.js';
import { redaction } from './redaction.js';
import { runs } from './runs.js';
import { verify } from './verify.js';
import { waiting } from './waiting.js';

/** All rows, in the order in which they are measured. */
export const ROWS: readonly Row[] = [
  noise,
  guard,
  me,
  verify,
  bootstrap,
  waiting,
  plane,
  python,
  action,
  discovery,
  literals,
  runs,
  children,
  redaction,
];
