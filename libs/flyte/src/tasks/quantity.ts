const QUANTITY = /^(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?$/;

const FACTORS: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** A Kubernetes quantity, or what is wrong with the value, to put behind the name of its option. */
export type ParsedQuantity =
  | { readonly text: string; readonly amount: number; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: string };

/**
 * Reads a Kubernetes quantity. A pod with a wrong one would be refused only when it starts, on the cluster.
 *
 * @param of what is counted: cores, where a number may stand alone, or bytes, of which there is no fraction
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(value: unknown, of: 'cores' | 'bytes'): ParsedQuantity {
  const example = of === 'cores' ? '"500m", "2" or 0.5' : '"512Mi" or "2Gi"';
  if (of === 'bytes' && typeof value === 'number') {
    return { problem: `is the bare number ${value}; write it with its unit, such as ${example}` };
  }
  const text = typeof value === 'number' ? String(value) : value;
  const match = typeof text === 'string' ? QUANTITY.exec(text) : null;
  if (typeof text !== 'string' || match === null) {
    const given = typeof text === 'string' ? JSON.stringify(text.slice(0, 80)) : `a value of type ${typeof value}`;
    return { problem: `is ${given}, which is no Kubernetes quantity; valid examples: ${example}` };
  }
  const [, count = '', suffix = ''] = match;
  const amount = /^[eE][+-]?\d/.test(suffix) ? Number(count + suffix) : Number(count) * (FACTORS[suffix] ?? 1);
  if (!Number.isFinite(amount))
    return { problem: `is ${text}, which is more than there is; valid examples: ${example}` };
  if (amount === 0) return { problem: 'is zero; leave it out to take what Flyte gives' };
  if (of === 'bytes' && ['n', 'u', 'm'].includes(suffix)) {
    return { problem: `is "${text}", thousandths of a byte or less; did you mean "${count}Mi"?` };
  }
  return { text, amount };
}
