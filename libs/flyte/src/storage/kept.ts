/** What `open` gives for a key, opened once. What could not be opened, such as for want of a package, is tried anew. */
export function kept<K, T>(open: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const opened = new Map<K, Promise<T>>();
  return async (key) => {
    let known = opened.get(key);
    if (!known) {
      known = open(key);
      opened.set(key, known);
      known.catch(() => opened.delete(key));
    }
    return known;
  };
}
