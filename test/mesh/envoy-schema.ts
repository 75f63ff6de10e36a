import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {fromJson} from '@bufbuild/protobuf';
import type {JsonValue, Registry} from '@bufbuild/protobuf';
import {generateEnvoySchema} from '../tools/generate-envoy-schema.ts';

/**
 * Envoy's own protobuf schema as a judge. Generated where it is missing (some seconds), so that these tests never pass by
 * being left out; loaded by path, because the type check must not need generated files.
 */
export async function loadEnvoySchema(): Promise<{parseBootstrap: (json: unknown) => void}> {
  await generateEnvoySchema();
  const file = join(import.meta.dirname, '..', '..', 'src', 'mesh', 'gen', 'registry.js');
  const {registry} = (await import(pathToFileURL(file).href)) as {registry: Registry};
  const schema = registry.getMessage('envoy.config.bootstrap.v3.Bootstrap');
  if (schema === undefined) throw new Error('the generated schema has no Bootstrap');
  return {
    /** Throws for an unknown field, a wrong type, or an `Any` whose type is not known, however deep. */
    parseBootstrap: (json) => void fromJson(schema, json as JsonValue, {registry, ignoreUnknownFields: false}),
  };
}
