import {rename, writeFile} from 'node:fs/promises';

/** What a process listens on, by name; `--ports-file` writes it once everything is bound. */
export type Ports = Readonly<Record<string, {readonly host: string; readonly port: number}>>;

/** Written whole or not at all: whoever waits for the file must never read half of it. */
export async function writePortsFile(path: string, ports: Ports): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(ports, null, 2)}\n`);
  await rename(temporary, path);
}
