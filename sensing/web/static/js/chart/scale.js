// Where things stand on a chart: ticks of values and of local times, how far the axis reaches, gaps, thinning. Pure.

const STEPS_MS = [1e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 12096e5, 26784e5];
const REACH = 3; // a level farther away than so many spans of the values is named at the edge instead of flattening the line
const GAP = 2.6; // reports that are missing: more than so many of the usual steps apart

/** At most about `count` round numbers between low and high, and how many decimals they take. */
export function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((each) => each * power >= raw) ?? 10);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = [];
  for (let number = Math.ceil(low / step - 1e-9); number * step <= high + step * 1e-9; number += 1) {
    values.push(Number((number * step).toFixed(decimals)));
  }
  return { values, decimals };
}

/** Round local times between two instants (ms), at least `apart` pixels from each other. shift: the zone's, ms. */
export function timeTicks(from, to, width, apart, shift) {
  const least = ((to - from) * apart) / Math.max(1, width);
  const step = STEPS_MS.find((each) => each >= least) ?? Math.ceil(least / 864e5) * 864e5;
  const values = [];
  for (let at = Math.ceil((from + shift) / step) * step - shift; at <= to; at += step) values.push(at);
  return { values, step };
}

/** [low, high] of the axis. points: [ms, value, quality]; failed ones (4) do not stretch it, far levels neither. */
export function reach(points, levels, fixed) {
  if (fixed) return fixed;
  let low = Infinity;
  let high = -Infinity;
  const take = (value) => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const [, value, quality, , least, most] of points) {
    if (value === null || quality >= 4) continue;
    take(value);
    if (least !== undefined) take(least);
    if (most !== undefined) take(most);
  }
  if (low > high) for (const [, value] of points) if (value !== null) take(value);
  if (low > high) for (const level of levels) take(level.value);
  if (low > high) return [0, 1];
  const span = Math.max(high - low, Math.abs(high) * 0.02, 0.05);
  const [bottom, top] = [low, high];
  for (const { value } of levels) if (value <= top + REACH * span && value >= bottom - REACH * span) take(value);
  const least = Math.max(Math.abs(high + low) * 0.02, 0.1); // a flat line is not a mountain range of its last digit
  const pad = Math.max((high - low) * 0.08, (least - (high - low)) / 2);
  return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
}

/** How far apart two values may be before the line breaks, ms. cadence_s: what the type says, or null. */
export function gapOf(points, cadence_s) {
  const apart = [];
  for (let index = 1; index < points.length; index += 1) apart.push(points[index][0] - points[index - 1][0]);
  apart.sort((one, other) => one - other);
  const usual = apart.length ? apart[Math.floor(apart.length / 2)] : 0;
  return Math.max(GAP * usual, (cadence_s ?? 0) * 1000 * GAP, 1000);
}

/** Points for a plot `width` pixels wide: of each pixel column the first, least, greatest and last, in order of time. */
export function thin(points, from, to, width) {
  if (points.length <= width * 3) return points;
  const kept = [];
  let column = -1;
  let first, least, most, last;
  const flush = () => {
    if (!first) return;
    const chosen = [...new Set([first, least, most, last])];
    chosen.sort((one, other) => one[0] - other[0]);
    kept.push(...chosen);
  };
  for (const point of points) {
    const here = Math.floor(((point[0] - from) / (to - from)) * width);
    if (here !== column || point[1] === null) {
      flush();
      column = here;
      first = least = most = last = point;
      continue;
    }
    if (point[1] < least[1] || least[1] === null) least = point;
    if (point[1] > most[1] || most[1] === null) most = point;
    last = point;
  }
  flush();
  return kept;
}

/** The index of the point nearest in time; -1 when there is none. points: ascending. */
export function nearest(points, at) {
  let low = 0;
  let high = points.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at - points[low - 1][0] < points[low][0] - at ? low - 1 : low;
}
