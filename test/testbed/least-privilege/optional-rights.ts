import type {Right} from './rules.ts';

/** What the rights of dns-wiring.yaml are kept for; test/dns/wiring-check.integration.test.ts has an agent use them. */
export function keptForWiring({resource, verb}: Right): string | undefined {
  switch (`${verb} ${resource}`) {
    case 'get configmaps':
    case 'get helmchartconfigs':
    case 'get dnses':
    case 'get services':
      return "the agent sees whether its cluster's DNS is wired";
    case 'patch configmaps':
    case 'patch helmchartconfigs':
    case 'patch dnses':
      return 'the agent writes the wiring again where it was overwritten';
    case 'patch services/status':
      return 'Service isthmus-dns says whether it is wired';
    case 'create events':
    case 'patch events':
      return 'an Event tells that the wiring was overwritten, or repaired';
    default:
      return undefined;
  }
}
