/** Numbers of the DNS registries that this server knows (RFC 1035, 3596, 2782, 6891, 6895, 7873, 8482, 8914). */

export const Type = {
  A: 1,
  NS: 2,
  SOA: 6,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

export type RcodeName = keyof typeof Rcode;

/** EDNS options. */
export const Option = {COOKIE: 10, PADDING: 12, EXTENDED_ERROR: 15} as const;

/** Extended DNS errors (RFC 8914 §4). */
export const ExtendedError = {
  OTHER: 0,
  STALE_ANSWER: 3,
  NOT_READY: 14,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
} as const;

/** Octets of the header (RFC 1035 §4.1.1), which is also where the question's name begins. */
export const HEADER_BYTES = 12;

/** TC, in the third octet of the header: the answer is cut off (RFC 1035 §4.1.1). */
export const FLAG_TC = 0x02;

/** The largest UDP answer without EDNS (RFC 1035 §4.2.1). */
export const PLAIN_UDP_BYTES = 512;

/**
 * The most that is sent over UDP, and what is advertised, so also the largest query that is read (RFC 6891 §6.2.3): passes every common path in one piece, so no answer is
 * fragmented and no spoofed source is sent more than this.
 */
export const EDNS_UDP_BYTES = 1232;

/** A pointer to the question's name: the owner of every record of an answer (RFC 1035 §4.1.4). */
export const QUESTION_POINTER = 0xc00c;

/** Types 128 to 255 ask for something other than records of that type (RFC 6895 §3.1). */
export function isMetaType(type: number): boolean {
  return type >= 128 && type <= 255;
}
