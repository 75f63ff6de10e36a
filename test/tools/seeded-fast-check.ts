import fc from '../../node_modules/fast-check/lib/fast-check.js';
import {isAlwaysTheSame} from './chosen-seed.ts';

/** What vitest.config.ts takes for `fast-check`: itself, with a seed for properties that name none where each run is to try the same. */
export const PROPERTY_SEED = 20_261_122;

if (isAlwaysTheSame()) fc.configureGlobal({seed: PROPERTY_SEED});

// oxlint-disable-next-line import/no-default-export -- as the module that this stands for
export default fc;
export * from '../../node_modules/fast-check/lib/fast-check.js';
