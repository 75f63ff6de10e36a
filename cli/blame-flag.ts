import {IsthmusError} from '../src/errors.ts';

/** Makes whatever goes wrong with a thing that a flag named say so: `--webhook-listen 127.0.0.1:443: listen EACCES`. */
export async function blameFlag<T>(flag: string, value: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof IsthmusError) throw error;
    throw new IsthmusError('ISTHMUS_USAGE', `${flag} ${value} can't be used`, {flag}, {cause: error});
  }
}
