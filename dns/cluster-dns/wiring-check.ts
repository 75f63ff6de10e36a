import type {Logger} from 'pino';

import type {Service} from '../../src/api/kinds.ts';
import type {Condition, KubeObject} from '../../src/api/meta.ts';
import {hasConditions, nextCondition} from '../../src/api/meta.ts';
import {AGENT_MANAGER, DNS_SERVICE} from '../../src/api/names.ts';
import {services} from '../../src/api/resources.ts';
import {describeError} from '../../src/errors.ts';
import {pause} from '../../src/kube/backoff.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {EventRecorder, RecordedEvent} from '../../src/kube/event-recorder.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {targetOf} from '../wiring/dns-target.ts';
import {planWiring, shownEdit} from '../wiring/wiring-plan.ts';
import type {Place} from '../wiring/wiring-plan.ts';
import {readClusterDns} from './read-objects.ts';
import {isUndone} from './undone-mark.ts';
import {writeEdits} from './write-edit.ts';

/** On Service `isthmus-dns`: whether the cluster's DNS forwards the clusterset zone to it, by what is configured. */
export const WIRED_CONDITION = 'isthmus.dev/DnsWired';

type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

export interface WiringCheckOptions {
  readonly client: Pick<KubeClient, 'find' | 'create' | 'patch' | 'delete' | 'apply'>;
  readonly namespace: string;
  readonly zone: string;
  /** Write it again where it was overwritten or never was; not where `isthmus dns wire --undo` took it away. */
  readonly repair: boolean;
  /** Of several replicas one writes. */
  readonly mayWrite: () => boolean;
  readonly events: Pick<EventRecorder, 'record' | 'flush'>;
  readonly logger: Logger;
  /** Default 30 s. */
  readonly everyMs?: number;
  readonly nowMs?: () => number;
}

export interface WiringStatus {
  /** Undefined: not known yet, or not any more. */
  readonly wired: boolean | undefined;
  readonly reason: string;
  readonly overwritten: number;
  readonly repairs: number;
}

const DEFAULT_EVERY_MS = 30_000;

/**
 * Looks regularly whether the cluster's DNS is still configured to forward the clusterset zone: managed clusters write their own
 * configuration again, and a Service that was made anew has another address. Says so by a condition, an Event and metrics.
 */
export class WiringCheck {
  readonly #options: WiringCheckOptions;
  readonly #nowMs: () => number;
  readonly #closing = Promise.withResolvers<void>();
  #wired: boolean | undefined;
  #reason = 'NotLooked';
  #overwritten = 0;
  #repairs = 0;

  constructor(options: WiringCheckOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Resolves after the signal of `start` was aborted and the last request has ended. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  status(): WiringStatus {
    return {wired: this.#wired, reason: this.#reason, overwritten: this.#overwritten, repairs: this.#repairs};
  }

  start(signal: AbortSignal): void {
    void this.#run(signal).then(this.#closing.resolve, this.#closing.reject);
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.look(signal);
      } catch (error) {
        if (signal.aborted) break;
        this.#options.logger.warn({err: describeError(error)}, 'the wiring of DNS could not be looked at');
      }
      await pause(this.#options.everyMs ?? DEFAULT_EVERY_MS, signal);
    }
    await this.#options.events.flush();
  }

  /** One look, and what follows from it. */
  async look(signal?: AbortSignal): Promise<void> {
    const {client, namespace} = this.#options;
    const at = {namespace, name: DNS_SERVICE};
    let service: Service | undefined;
    try {
      service = await client.find<Service>(services, at, {...(signal === undefined ? {} : {signal})});
      await this.#judge(service, signal);
    } catch (error) {
      this.#wired = undefined;
      this.#reason = error instanceof KubeError && error.isForbidden ? 'Forbidden' : 'Unreachable';
      if (service !== undefined && this.#reason === 'Forbidden') {
        await this.#tell(service, {status: 'Unknown', reason: this.#reason, message: describeError(error)});
      }
      throw error;
    }
  }

  async #judge(service: Service | undefined, signal: AbortSignal | undefined): Promise<void> {
    const {client, namespace, zone, logger} = this.#options;
    const target = targetOf(service, `${namespace}/${DNS_SERVICE}`);
    if (service === undefined || !target.ok) {
      await this.#settle(service, {status: 'False', reason: 'NoAddress', message: target.ok ? '' : target.because});
      return;
    }
    const places = planWiring(await readClusterDns(client, signal), {zone, address: target.address});
    const undone = isUndone(service);
    const said = saidOf(places, zone, {undone, was: wasWired(service) || this.#wired === true});
    if (said.reason === 'Overwritten' && this.#reason !== 'Overwritten') {
      this.#overwritten++;
      logger.warn({wiring: said.message}, 'the wiring of DNS was overwritten');
      this.#record(service, {type: 'Warning', reason: 'DnsWiringOverwritten', message: said.message});
    }
    // One word about both: a condition that said False for the moment of a repair would be an alarm for nothing.
    const mayRepair = this.#options.repair && !undone && this.#options.mayWrite() && said.status === 'False';
    await this.#settle(service, mayRepair ? await this.#repaired(service, places, said) : said);
  }

  /** What is to be said after the attempt to write everything that is missing. */
  async #repaired(service: Service, places: readonly Place[], said: Said): Promise<Said> {
    const {client, logger, zone} = this.#options;
    const edits = places.flatMap(({edit}) => (edit === undefined ? [] : [edit]));
    if (edits.length === 0 || said.reason === 'Refused') return said;
    try {
      await writeEdits(client, edits);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      logger.warn({err: describeError(error)}, 'the wiring of DNS could not be repaired');
      return {...said, message: `${said.message}; writing it again failed: ${describeError(error)}`};
    }
    this.#repairs++;
    const message = `written again: ${edits.map((edit) => shownEdit(edit)).join(', ')}`;
    logger.info({wiring: message}, 'the wiring of DNS was repaired');
    this.#record(service, {type: 'Normal', reason: 'DnsWiringRepaired', message});
    return {status: 'True', reason: 'Wired', message: wiredMessage(places, zone)};
  }

  async #settle(service: Service | undefined, said: Said): Promise<void> {
    this.#wired = said.status === 'True';
    this.#reason = said.reason;
    if (service !== undefined) await this.#tell(service, said);
  }

  #record(service: Service, event: RecordedEvent): void {
    if (this.#options.mayWrite()) this.#options.events.record(service, event);
  }

  async #tell(service: Service, said: Said): Promise<void> {
    if (!this.#options.mayWrite()) return;
    const conditions = conditionsOf(service);
    const condition = nextCondition(conditions, {type: WIRED_CONDITION, ...said}, this.#nowMs());
    if (hasConditions(conditions, [condition])) return;
    const {apiVersion, kind} = {apiVersion: 'v1', kind: 'Service'};
    const {namespace, name, uid} = service.metadata;
    const metadata = {name, ...(namespace === undefined ? {} : {namespace}), ...(uid === undefined ? {} : {uid})};
    const body: KubeObject & {status: object} = {apiVersion, kind, metadata, status: {conditions: [condition]}};
    await this.#options.client.apply(services, body, {fieldManager: AGENT_MANAGER, subresource: 'status', force: true});
  }
}

function conditionsOf(service: Service): readonly Condition[] {
  return (service as {status?: {conditions?: readonly Condition[]}}).status?.conditions ?? [];
}

/** Also by the word of whoever looked before a restart. */
function wasWired(service: Service): boolean {
  const last = conditionsOf(service).find(({type}) => type === WIRED_CONDITION);
  return last?.status === 'True' || last?.reason === 'Overwritten';
}

/** @param o - `was`: it was wired at the last look; `undone`: it was taken away on purpose */
function saidOf(places: readonly Place[], zone: string, {was, undone}: {was: boolean; undone: boolean}): Said {
  const refused = places.find(({state}) => state === 'Refused');
  if (refused !== undefined) return {status: 'False', reason: 'Refused', message: refused.because ?? ''};
  if (places.length === 0) {
    const message = `nothing that is known configures the DNS of this cluster: forward ${zone} by hand`;
    return {status: 'False', reason: 'UnknownDns', message};
  }
  const missing = places.filter(({state}) => state === 'NotWired');
  if (missing.length === 0) return {status: 'True', reason: 'Wired', message: wiredMessage(places, zone)};
  if (undone) {
    const message = `${zone} is not forwarded to Isthmus since \`isthmus dns wire --undo\`: run \`isthmus dns wire\` to have it again`;
    return {status: 'False', reason: 'Unwired', message};
  }
  const where = missing.map(({shown}) => shown).join(', ');
  const message = `${zone} is not forwarded to Isthmus by ${where}: run \`isthmus dns wire\``;
  return {status: 'False', reason: was ? 'Overwritten' : 'NotWired', message};
}

function wiredMessage(places: readonly Place[], zone: string): string {
  return `${zone} is forwarded to Isthmus by ${places.map(({shown}) => shown).join(', ')}`;
}
