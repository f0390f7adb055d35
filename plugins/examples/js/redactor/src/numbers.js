/** A number. Between letters or digits there is none: that would be part of another name. */
const NUMBER = /(?<![A-Za-z0-9])EMP-[0-9]{6}(?![A-Za-z0-9])/g;

/**
 * The spans of the numbers in a text. The host counts bytes of UTF-8, and JavaScript units of UTF-16.
 * @param {string} text
 */
export function* numbers(text) {
  let [unit, byte] = [0, 0];
  for (const match of text.matchAll(NUMBER)) {
    const start = byte + utf8Length(text.slice(unit, match.index));
    // A number is of ASCII: as many bytes as units.
    byte = start + match[0].length;
    unit = match.index + match[0].length;
    yield { start, end: byte };
  }
}

/**
 * How many bytes of UTF-8 a text takes.
 * @param {string} text
 */
function utf8Length(text) {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
