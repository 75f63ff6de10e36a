import {readFile, rename, writeFile} from 'node:fs/promises';

/** What a process listens on, by name; `--ports-file` writes it once everything is bound. */
export type Ports = Readonly<Record<string, {readonly host: string; readonly port: number}>>;

/** Written whole or not at all: whoever waits for the file must never read half of it. */
export async function writePortsFile(path: string, ports: Ports): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(ports, null, 2)}\n`);
  await rename(temporary, path);
}

/** @throws where it can't be read or is not what {@link writePortsFile} writes */
export async function readPortsFile(path: string): Promise<Ports> {
  const read: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!isPorts(read)) throw new Error('it is not a file that `--ports-file` wrote');
  return read;
}

function isPorts(value: unknown): value is Ports {
  return typeof value === 'object' && value !== null && Object.values(value).every(isAddress);
}

function isAddress(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('host' in value) || !('port' in value)) return false;
  return typeof value.host === 'string' && Number.isInteger(value.port);
}
