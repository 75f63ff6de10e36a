import type {DnsStats} from '../dns/counters.ts';
import type {Sampled} from './sampled-metric.ts';

/** What the DNS server knows of itself. An outcome and a reason each: every query is in one of them, once it is known what became of it. */
export function dnsMetrics(sampled: Sampled, stats: () => DnsStats): void {
  sampled.counter('isthmus_dns_queries_total', 'Queries received', ['transport'], () => [
    [['udp'], stats().udpQueries],
    [['tcp'], stats().tcpQueries],
    [['tls'], stats().tlsQueries],
    [['https'], stats().httpsQueries],
  ]);
  sampled.counter('isthmus_dns_answers_total', 'Answers given to a socket, by response code', ['rcode'], () =>
    Object.entries(stats().answers).map(([rcode, count]) => [[rcode], count]),
  );
  sampled.counter('isthmus_dns_dropped_total', 'Datagrams not answered at all', ['reason'], () => [
    [['malformed'], stats().droppedMalformed],
    [['oversized'], stats().droppedOversized],
    [['port-zero'], stats().droppedPortZero],
  ]);
  sampled.counter('isthmus_dns_rate_limited_total', 'UDP queries over the rate limit, dropped or truncated', [], () => [
    [[], stats().rateLimited],
  ]);
  sampled.counter(
    'isthmus_dns_socket_failures_total',
    'Datagrams and connections lost to an error of our own socket; of datagrams a sample, so at least as many',
    [],
    () => [[[], stats().socketFailures]],
  );
  sampled.gauge('isthmus_dns_connections', 'Connections over TCP, TLS and HTTPS', [], () => [
    [[], stats().tcpConnections],
  ]);
  sampled.counter('isthmus_dns_tls_failures_total', 'Handshakes that failed', [], () => [[[], stats().tlsFailures]]);
  sampled.counter(
    'isthmus_dns_forwarded_total',
    'Queries outside the zone, by what became of them: cached and stale out of the cache, answered by an upstream now, failed where none helped, remembered where none had helped a moment before, limited where too much waited, loop where an upstream sent our own question back',
    ['outcome'],
    () => [
      [['cached'], stats().forwardCacheHits],
      [['answered'], stats().forwardAnswered],
      [['stale'], stats().forwardStale],
      [['failed'], stats().forwardFailed],
      [['remembered'], stats().forwardRemembered],
      [['limited'], stats().forwardLimited],
      [['loop'], stats().forwardLoops],
    ],
  );
  sampled.counter(
    'isthmus_dns_upstream_failures_total',
    'Questions that upstreams did not help with: no-answer where none gave one that can be used, rcode where they answered with one that says nothing about the name, as SERVFAIL or REFUSED',
    ['reason'],
    () => [
      [['no-answer'], stats().forwardFailures],
      [['rcode'], stats().forwardUnhelpful],
    ],
  );
  sampled.counter('isthmus_dns_stale_answers_total', 'Expired answers of upstreams that were served', [], () => [
    [[], stats().forwardStale],
  ]);
  sampled.counter('isthmus_dns_upstream_loops_total', 'Own questions that an upstream sent back', [], () => [
    [[], stats().forwardLoops],
  ]);
  sampled.gauge('isthmus_dns_view_revision', 'Revision of the view that every worker serves', [], () => [
    [[], stats().revision],
  ]);
  sampled.gauge('isthmus_dns_names', 'Names that exist', [], () => [[[], stats().names]]);
}
