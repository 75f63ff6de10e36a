import type {ImportPort} from '../../api/kinds.ts';
import type {Finding} from '../decision.ts';
import {portKey} from '../merge-ports.ts';
import {inField} from './conclude.ts';

const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Ports as a Service could have them, which the standard's schema does not check (reference: MCS §1.6, §2 no. 38). */
export function judgeImportPorts(ports: readonly ImportPort[], source: string): readonly Finding[] {
  const at = inField(source);
  const names = new Set<string>();
  const keys = new Set<string>();
  return ports.flatMap((port, index) => {
    const {name = '', protocol = 'TCP'} = port;
    const field = `spec.ports[${index}]`;
    const findings: Finding[] = [];
    if (!isPort(port.port)) findings.push(at(`${field}.port`, `${port.port} is not a port: use 1 to 65535`));
    if (!PROTOCOLS.includes(protocol)) {
      findings.push(at(`${field}.protocol`, `${JSON.stringify(protocol)} is not a protocol: use TCP, UDP or SCTP`));
    }
    if (names.has(name)) findings.push(at(`${field}.name`, duplicateName(name)));
    if (keys.has(portKey(port))) findings.push(at(`${field}.port`, `${portKey(port)} is there twice: leave one out`));
    names.add(name);
    keys.add(portKey(port));
    return findings;
  });
}

function duplicateName(name: string): string {
  return name === ''
    ? 'only one port may be without a name: name the others'
    : `the name ${JSON.stringify(name)} is there twice: give each port a name of its own`;
}
