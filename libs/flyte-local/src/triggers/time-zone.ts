/** How the clocks of a place go. */
export interface TimeZone {
  /** By how much its clocks are ahead of UTC, in milliseconds. */
  offsetAt(instant: number): number;
}

const ZONES = new Map<string, TimeZone>();

/**
 * A time zone by its IANA name; UTC for an empty one.
 *
 * @throws RangeError for a name that this machine doesn't know
 */
export function timeZone(name: string): TimeZone {
  const known = ZONES.get(name);
  if (known !== undefined) return known;
  const zone = read(name === '' ? 'UTC' : name);
  ZONES.set(name, zone);
  return zone;
}

function read(name: string): TimeZone {
  let format: Intl.DateTimeFormat;
  try {
    // Offsets, which Node takes for a zone, Flyte's backend does not.
    if (/^[+-]/.test(name)) throw new RangeError('an offset');
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
    const times = { hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' } as const;
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, era: 'short', ...fields, ...times });
  } catch {
    throw new RangeError(`the time zone ${JSON.stringify(name)} is unknown; write it as "Europe/Zurich"`);
  }
  return {
    offsetAt(instant) {
      const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
      const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
      const shown = Date.UTC(
        ...([part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')] as const),
      );
      return shown - Math.floor(instant / 1000) * 1000;
    },
  };
}
