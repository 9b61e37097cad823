const MAX_BYTES = 255;

/**
 * A description as Flyte keeps it: its first 255 bytes. Cut here, between characters, because Flyte cuts between bytes,
 * and half a character is no text that protobuf may carry.
 */
export function cutDescription(text: string): string {
  let bytes = 0;
  let cut = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_BYTES) return cut;
    cut += character;
  }
  return text;
}
