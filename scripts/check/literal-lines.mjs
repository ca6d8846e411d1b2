// Which lines of a source begin, or are at a column, inside of a string, template or regular expression.
import ts from 'typescript';

/**
 * Numbers of the lines, from 0. `column`: 0 for their beginning; further on, lines that begin inside are among them.
 */
export function literalLines(path, text, column = 0) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const lines = new Set();
  const visit = (node) => {
    if (ts.isTemplateExpression(node) || ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
      for (let line = first; line <= last; line++) {
        const begin = source.getPositionOfLineAndCharacter(line, 0);
        const isInside = begin > node.getStart(source) || (node.getStart(source) - begin < column && column > 0);
        if (isInside && begin + column < node.getEnd() + 4) lines.add(line);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}
