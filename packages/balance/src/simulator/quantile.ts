/**
 * The value that would stand at `Math.floor(count * share)` if the first `count` values were sorted; NaN of none.
 *
 * Quickselect: it looks at each value about three times where sorting looks twenty times. Changes the order of the values.
 *
 * @param share       0…1, 1 excluded
 * @param afterShare  a smaller one that was asked for just before: what lies below it need not be looked at again; default 0
 */
export function quantileOf(values: Float64Array, count: number, share: number, afterShare = 0): number {
  const wanted = Math.floor(count * share);
  let low = Math.floor(count * afterShare);
  let high = count - 1;
  while (low < high) {
    const pivot = medianOfThree(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left > right) break;
      const value = values[left]!;
      values[left++] = values[right]!;
      values[right--] = value;
    }
    if (wanted <= right) high = right;
    else if (wanted >= left) low = left;
    else break;
  }
  return count === 0 ? Number.NaN : values[wanted]!;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
