import {createUDPServer, Packet} from 'dns2';
import {benchImport} from './queries.ts';

/** `dns2-server.ts IMPORTS`: what the library that we use for questions makes of the same zone, with a Map of names. */

const [imports = 10_000] = process.argv.slice(2).map(Number);
const records = new Map<string, Record<string, unknown>[]>();
for (let i = 0; i < imports; i++) {
  const {name, namespace, ips} = benchImport(i);
  const base = `${name}.${namespace}.svc.clusterset.local`;
  const common = {class: Packet.CLASS.IN, ttl: 5};
  records.set(`${base} ${Packet.TYPE.A}`, [{...common, name: base, type: Packet.TYPE.A, address: ips[0]!}]);
  records.set(base, []);
  const named = `_http._tcp.${base}`;
  const srv = {...common, name: named, type: Packet.TYPE.SRV, priority: 0, weight: 100, port: 80, target: base};
  records.set(`${named} ${Packet.TYPE.SRV}`, [srv]);
  records.set(named, []);
}

const server = createUDPServer((request, send) => {
  const response = Packet.createResponseFromRequest(request);
  const {name, type} = request.questions[0]!;
  const key = name.toLowerCase();
  response.header.aa = 1;
  if (!records.has(key)) response.header.rcode = 3;
  response.answers.push(...((records.get(`${key} ${type}`) ?? []) as never[]));
  void send(response);
});
await server.listen(0, '127.0.0.1');
process.send?.({port: server.address().port});
process.on('disconnect', () => process.exit());
