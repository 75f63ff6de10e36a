import {readFileSync, readdirSync} from 'node:fs';
import {join, relative, resolve} from 'node:path';

import {describe, expect, test} from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Rooms by level, from the top down: a room imports from lower levels only, and never from another of its own level. */
const LEVELS: readonly (readonly string[])[] = [
  ['cli'],
  ['webhooks', 'dns', 'src/hub', 'src/agent', 'src/dev'],
  ['src/mesh', 'src/probes'],
  ['src/pki', 'src/kube'],
  ['src/clusterset'],
  ['src/cel', 'src/api', 'src/errors.ts'],
];

/** Third-party packages that belong to a room. `type`: only their types are used elsewhere. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  'fastify': ['webhooks'],
  'node-forge': ['src/pki'],
  'undici': ['src/kube', 'src/dev'],
  'dns2': ['dns/client.ts'],
  'commander': ['cli'],
  '@kubernetes/client-node': ['src/kube', 'src/dev/builtin'],
  'prom-client': ['cli'],
  're2js': ['src/cel'],
};

const PURE_FORBIDDEN = /\b(Date\.now|Math\.random|process\.|setTimeout|setInterval|console\.)/;

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('src/mesh/gen/'));
}

const files = ['src', 'webhooks', 'dns', 'cli'].flatMap(sourceFiles);

function roomOf(file: string): string | undefined {
  return LEVELS.flat().find((room) => file === room || file.startsWith(`${room}/`));
}

function levelOf(room: string): number {
  return LEVELS.findIndex((rooms) => rooms.includes(room));
}

interface Import {
  readonly file: string;
  readonly line: number;
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /^(?:import|export)\b(?<type>\s+type\b)?[^;'"]*?from\s+['"](?<from>[^'"]+)['"]|import\(\s*['"](?<dynamic>[^'"]+)['"]\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    target: match.groups?.['from'] ?? match.groups?.['dynamic'] ?? '',
    typeOnly: match.groups?.['type'] !== undefined,
  }));
}

const imports = files.flatMap(importsOf);

describe('design §12: imports run one way', () => {
  test('every source file stands in a room', () => {
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  test('the pattern sees imports at all', () => {
    expect(imports.length).toBeGreaterThan(files.length);
  });

  test('a room imports lower levels only, never a neighbour', () => {
    const wrong = imports
      .filter(({target}) => target.startsWith('.'))
      .map((found) => ({...found, to: relative(root, resolve(root, found.file, '..', found.target))}))
      .filter(({file, to}) => {
        const [from, into] = [roomOf(file), roomOf(to)];
        if (from === undefined || into === undefined) return true;
        return from !== into && levelOf(from) >= levelOf(into);
      });
    expect(wrong.map(({file, line, to}) => `${file}:${line} imports ${to}`)).toEqual([]);
  });

  test('relative imports name the file with its extension', () => {
    const wrong = imports.filter(({target}) => target.startsWith('.') && !/\.(ts|js|json)$/.test(target));
    expect(wrong.map(({file, line, target}) => `${file}:${line} ${target}`)).toEqual([]);
  });

  test('a third-party package stays in its room', () => {
    const wrong = imports.filter(({file, target, typeOnly}) => {
      const home = Object.entries(HOMES).find(([name]) => target === name || target.startsWith(`${name}/`));
      return home !== undefined && !typeOnly && !home[1].some((room) => file.startsWith(room));
    });
    expect(wrong.map(({file, line, target}) => `${file}:${line} imports ${target}`)).toEqual([]);
  });

  test('the engine and the expression language are pure: no clock, no randomness, no timers, no process', () => {
    const wrong = files
      .filter((file) => file.startsWith('src/clusterset/') || file.startsWith('src/cel/'))
      .flatMap((file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .flatMap((text, index) => (PURE_FORBIDDEN.test(text) ? [`${file}:${index + 1} ${text.trim()}`] : [])),
      );
    expect(wrong).toEqual([]);
  });
});
