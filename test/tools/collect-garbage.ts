import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';

setFlagsFromString('--expose_gc');

/** Collects what this thread left behind, so that memory that is measured next is memory that is held. */
export const collectGarbage = runInNewContext('gc') as () => void;
