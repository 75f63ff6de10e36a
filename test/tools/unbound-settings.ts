import {join} from 'node:path';

/** An unbound in the foreground, on one port of loopback, that keeps to a folder of its own: the `server:` section, for more to follow. */
export function unboundSettings(port: number, dir: string): readonly string[] {
  return [
    'server:',
    '  do-daemonize: no',
    '  use-syslog: no',
    `  logfile: "${join(dir, 'unbound.log')}"`,
    '  username: ""',
    '  chroot: ""',
    `  directory: "${dir}"`,
    '  pidfile: ""',
    '  num-threads: 1',
    '  interface: 127.0.0.1',
    `  port: ${port}`,
    '  do-ip6: no',
    '  module-config: "iterator"',
  ];
}
