import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {generateEnvoySchema} from '../tools/generate-envoy-schema.ts';

describe('the generated Envoy schema', () => {
  test('is made once and then found up to date, quickly', {timeout: 120_000}, async () => {
    await generateEnvoySchema();
    const startedMs = performance.now();
    expect(await generateEnvoySchema()).toBe('up to date');
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test('is JavaScript with types that a program can import', async () => {
    await generateEnvoySchema();
    const folder = join(import.meta.dirname, '..', '..', 'src', 'mesh', 'gen', 'envoy', 'config', 'bootstrap', 'v3');
    for (const file of ['bootstrap_pb.js', 'bootstrap_pb.d.ts']) expect(existsSync(join(folder, file))).toBe(true);
  });
});
