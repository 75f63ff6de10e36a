/** As much of dns-packet as the tests use: it comes without types. */
declare module 'dns-packet' {
  export interface Record {
    readonly name: string;
    readonly type: string;
    readonly class?: string;
    readonly ttl?: number;
    readonly data?: unknown;
    readonly options?: readonly {readonly code: number; readonly data?: Buffer}[];
    readonly udpPayloadSize?: number;
    readonly extendedRcode?: number;
    /** Of an OPT record. */
    readonly flags?: number;
  }
  export interface DecodedPacket {
    readonly id: number;
    readonly type: string;
    readonly flags: number;
    readonly rcode: string;
    readonly flag_aa: boolean;
    readonly flag_tc: boolean;
    readonly flag_rd: boolean;
    readonly flag_ra: boolean;
    readonly questions: readonly {readonly name: string; readonly type: string; readonly class: string}[];
    readonly answers: readonly Record[];
    readonly authorities: readonly Record[];
    readonly additionals: readonly Record[];
  }
  export function encode(packet: object): Buffer;
  export function decode(buffer: Uint8Array): DecodedPacket;
}
