import type {LookupAddress, LookupAllOptions} from 'node:dns';
import type {LookupFunction} from 'node:net';
import {refuseAddress} from '../clusterset/addresses.ts';

type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A `lookup` for sockets that leaves out loopback, link-local and unspecified addresses. The host of an untrusted
 * kubeconfig is checked when it is read; a name can be pointed elsewhere afterwards (DNS rebinding), so it is checked again
 * where the connection is made. Addresses in literal form never come here: those were checked as they are.
 */
export function lookupWithoutLocal(resolve: LookupAll): LookupFunction {
  return (hostname, options, callback) => {
    const family = options.family === 4 || options.family === 6 ? options.family : 0;
    resolve(hostname, {family, all: true}, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const [first, ...others] = addresses.filter(
        ({address}) => refuseAddress(address, {development: false}) === undefined,
      );
      if (first === undefined) {
        callback(new Error(`${hostname} resolves to addresses of this machine or its link only`), []);
      } else if (options.all === true) {
        callback(null, [first, ...others]);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}
