import type {Logger} from 'pino';
import {duplicateGateways} from './duplicate-gateways.ts';
import {GatewayAddresses} from './gateway-addresses.ts';
import type {Member} from './member.ts';

export interface RegisteredGatewaysOptions {
  readonly members: ReadonlyMap<string, Member>;
  readonly development: boolean;
  readonly logger: Logger;
  /** What others are told about the gateway of this one is different now. */
  readonly onChange: (member: Member) => void;
}

/** The gateways of all registered clusters: where they are, and whose is one that two claim. */
export class RegisteredGateways {
  readonly addresses: GatewayAddresses;
  readonly #options: RegisteredGatewaysOptions;
  #duplicates: ReadonlyMap<string, string> = new Map();

  constructor(options: RegisteredGatewaysOptions) {
    this.#options = options;
    const {development, logger} = options;
    this.addresses = new GatewayAddresses({development, logger, onChange: (host) => this.#onAddresses(host)});
  }

  /** The older Cluster that has the gateway of this one. */
  takenBy(id: string): string | undefined {
    return this.#duplicates.get(id);
  }

  /** A Cluster came, went or changed. */
  review(): void {
    const hosts = [...this.#options.members.values()].flatMap(({cluster: {spec}}) => spec?.gatewayHost ?? []);
    this.addresses.want(new Set(hosts));
    this.#compare();
  }

  #onAddresses(host: string): void {
    for (const member of this.#options.members.values()) {
      if (member.cluster.spec?.gatewayHost === host) this.#options.onChange(member);
    }
    this.#compare();
  }

  #compare(): void {
    const {members, logger, onChange} = this.#options;
    const before = this.#duplicates;
    const all = [...members.values()].map(({cluster}) => ({
      cluster,
      addresses: this.addresses.of(cluster.spec?.gatewayHost),
    }));
    this.#duplicates = duplicateGateways(all);
    for (const member of members.values()) {
      const takenBy = this.#duplicates.get(member.id);
      if (before.get(member.id) === takenBy) continue;
      logger.info({cluster: member.id, takenBy}, 'who has its gateway changed');
      onChange(member);
    }
  }
}
