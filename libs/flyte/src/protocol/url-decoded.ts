/** A text without the escapes of URLs; as it is where it is none of that form. */
export function urlDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
