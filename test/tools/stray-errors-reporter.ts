import {writeFileSync} from 'node:fs';

import type {Reporter} from 'vitest/node';

/** An error that no test had: nobody caught it, or the process that ran the file died. */
export interface StrayError {
  /** Absolute; undefined where vitest can't tell. */
  readonly path?: string | undefined;
  readonly message: string;
}

/** Where they are written, as JSON; vitest's own report has no word of them, only its exit code. */
export const STRAY_ERRORS_FILE = 'ISTHMUS_STRAY_ERRORS_FILE';

/** Vitest makes it by the name of this file. */
export default class StrayErrorsReporter implements Reporter {
  onTestRunEnd(...[, errors]: Parameters<NonNullable<Reporter['onTestRunEnd']>>): void {
    const file = process.env[STRAY_ERRORS_FILE];
    if (file === undefined) return;
    const stray = errors.map((error): StrayError => {
      const path: unknown = error['VITEST_TEST_PATH'];
      return {path: typeof path === 'string' ? path : undefined, message: error.message};
    });
    writeFileSync(file, JSON.stringify(stray));
  }
}
