/** What kubectl printed, without what no two runs share: names of namespaces, uids, times, ages, versions, addresses, files. */
export function maskOutput(text: string, namespace: string): string {
  return (
    text
      .replaceAll(namespace, '<namespace>')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d{4}|Z)?/g, '<time>')
      .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>')
      .replaceAll(/(resourceVersion:|Resource Version:)\s+"?\d+"?/g, '$1 <version>')
      .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, '<address>')
      .replaceAll(/\bfd00:[0-9a-f:]+/g, '<address>')
      .replaceAll(/\/tmp\/[\w./-]+/g, '<file>')
      .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, '<server>')
      .replaceAll(/(?<![\w.])(\d+(ms|[smhdy]))+(?!\w)/g, '<age>')
      .replaceAll(/<unknown>|<invalid>/g, '<age>')
      // Columns are as wide as what was masked.
      .replaceAll(/[ \t]+/g, ' ')
      .replaceAll(/ $/gm, '')
  );
}
