/**
 * What a lifted program returns: bytes to keep, as the classic program does, or values that the caller chooses
 * for packets that are accepted and for those that are not.
 *
 * Names and values: Linux include/uapi/linux/bpf.h (`enum xdp_action`) and pkt_cls.h (`TC_ACT_*`).
 */

/** Names of results, by the form whose hook knows them. */
export const RESULTS = {
  xdp: { XDP_ABORTED: 0, XDP_DROP: 1, XDP_PASS: 2, XDP_TX: 3, XDP_REDIRECT: 4 },
  tc: {
    TC_ACT_UNSPEC: -1,
    TC_ACT_OK: 0,
    TC_ACT_RECLASSIFY: 1,
    TC_ACT_SHOT: 2,
    TC_ACT_PIPE: 3,
    TC_ACT_STOLEN: 4,
    TC_ACT_QUEUED: 5,
    TC_ACT_REPEAT: 6,
    TC_ACT_REDIRECT: 7,
    TC_ACT_TRAP: 8,
  },
} as const;

/** A number of 32 bits, or a name of the form's hook. */
export type ResultValue = number | keyof typeof RESULTS.xdp | keyof typeof RESULTS.tc;

export interface ResultOptions {
  /** r0 for packets that are accepted; default: the bytes to keep, and 1 in the form `cgroup`. */
  readonly accept?: ResultValue | undefined;
  /** r0 for packets that are not; default 0. The form `portable` has no other: its loads end the program with that. */
  readonly reject?: ResultValue | undefined;
}

export interface Results {
  /** `undefined`: what the classic program returns. */
  readonly accept: number | undefined;
  readonly reject: number;
}

/** @throws RangeError for a value that the form does not have. */
export function resultsOf(form: 'portable' | 'xdp' | 'tc' | 'cgroup', options: ResultOptions): Results {
  const { accept = form === 'cgroup' ? 1 : undefined, reject = 0 } = options;
  const values = {
    accept: accept === undefined ? undefined : numberOf(form, accept),
    reject: numberOf(form, reject),
  };
  if (form === 'portable' && values.reject !== 0)
    throw new RangeError('programs of the form portable reject with 0: their loads end them with that');
  return values;
}

function numberOf(form: string, value: ResultValue): number {
  if (typeof value === 'number') {
    if (value === (value | 0) || value === value >>> 0) return value;
    throw new RangeError(`a result has 32 bits, and ${value} does not fit them`);
  }
  const names: Readonly<Record<string, number>> = RESULTS[form as keyof typeof RESULTS] ?? {};
  const number = Object.hasOwn(names, value) ? names[value] : undefined;
  if (number !== undefined) return number;
  const known = Object.keys(names);
  const there = known.length === 0 ? 'it has numbers only' : `there are ${known.join(', ')}`;
  throw new RangeError(`the form ${form} has no result '${value}': ${there}`);
}
