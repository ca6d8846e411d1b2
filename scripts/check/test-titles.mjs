// Which test files can hold a test of some name, from their compiled text, without running them.

/** The call that makes a test or a suite, and what its title begins with: a quote where it is written there. */
const CALL =
  /(?:\b(?:t|context)\.|(?<![.\w$]))(?:it|test|describe|suite)(?:\.(?:only|skip|todo))?\(\s*(?:('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|[^\s)])/g;

/**
 * True unless every title in the text is a plain string, and none of them matches. A title that is put together only
 * when the file runs (a row of a table, a template) can be any.
 *
 * @param {string} text
 * @param {RegExp} name
 */
export function canHold(text, name) {
  for (const [, literal] of text.matchAll(CALL)) {
    // Octal escapes and the like are not for titles: what JSON cannot read is taken as any title.
    if (literal === undefined || name.test(unquote(literal) ?? '') || unquote(literal) === undefined) return true;
  }
  return false;
}

/** @param {string} literal */
function unquote(literal) {
  const inner = literal
    .slice(1, -1)
    .replaceAll("\\'", "'")
    .replaceAll(/(?<!\\)"/g, '\\"');
  try {
    return JSON.parse(`"${literal[0] === '"' ? literal.slice(1, -1) : inner}"`);
  } catch {
    return undefined;
  }
}
