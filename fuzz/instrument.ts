// Makes the tree that is fuzzed: a copy of the compiled program in which every branch counts how often it was taken.
//
// V8 knows this too, but asking it (Profiler.takePreciseCoverage) costs milliseconds an input; a counter costs a
// nanosecond.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** Folders of build/js whose branches count; the rest of the tree is copied as it is. */
const INSTRUMENTED = /^(src\/(http2|otlp)\/|src\/replay\/readers\/prometheus\.js)/;
/** What of build/js targets may import. */
const COPIED = ['src', 'fuzz', 'test/support', 'test/reference', 'test/synthetic'];

/** The map of counters that the driver has put on the global object, and a module's name for it. */
const MAP = '__branches';

export interface Instrumented {
  /** The tree, with the layout of build/. */
  readonly folder: string;
  readonly branches: number;
}

/** Copies `build` to `build/fuzz`, with counters. */
export function instrument(build: string): Instrumented {
  const folder = join(build, 'fuzz');
  const counter = new BranchCounter();
  rmSync(folder, { recursive: true, force: true });
  for (const part of COPIED) copyTree(join(build, 'js', part), join(folder, 'js', part), part, counter);
  cpSync(join(build, 'kernel.wasm'), join(folder, 'kernel.wasm'));
  cpSync(join(build, 'proto'), join(folder, 'proto'), { recursive: true });
  // The kernel has no counters; the decoder that it must agree with leads the way into the same formats.
  const decoder = join(folder, 'proto/otlp.js');
  writeFileSync(decoder, counter.instrument(decoder, readFileSync(decoder, 'utf8')));
  const imports = { '#proto': './proto/otlp.js', '#proto-fields': './proto/fields.js' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', imports }));
  writeFileSync(join(folder, 'branches.json'), JSON.stringify(counter.count));
  return { folder, branches: counter.count };
}

function copyTree(from: string, to: string, part: string, counter: BranchCounter): void {
  for (const name of readdirSync(from, { recursive: true }).map(String).toSorted()) {
    if (!name.endsWith('.js')) continue;
    const path = join(to, name);
    mkdirSync(dirname(path), { recursive: true });
    const text = readFileSync(join(from, name), 'utf8');
    writeFileSync(path, INSTRUMENTED.test(`${part}/${name}`) ? counter.instrument(name, text) : text);
  }
}

export class BranchCounter {
  count = 0;

  /** The module with a counter at each function, branch, loop, clause and operand that may be passed over. */
  instrument(name: string, text: string): string {
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
    const result = ts.transform(source, [(context) => (file) => this.#file(file, context)]);
    return `const ${MAP} = globalThis.${MAP};\n${ts.createPrinter().printFile(result.transformed[0]!)}`;
  }

  #file(file: ts.SourceFile, context: ts.TransformationContext): ts.SourceFile {
    const visit = (node: ts.Node): ts.Node => this.#counted(ts.visitEachChild(node, visit, context), context.factory);
    return ts.visitEachChild(file, visit, context);
  }

  #counted(node: ts.Node, f: ts.NodeFactory): ts.Node {
    if (ts.isFunctionDeclaration(node) && node.body)
      return f.updateFunctionDeclaration(node, ...headOf(node), this.#block(node.body, f));
    if (ts.isMethodDeclaration(node) && node.body)
      return f.updateMethodDeclaration(
        node,
        node.modifiers,
        node.asteriskToken,
        node.name,
        node.questionToken,
        node.typeParameters,
        node.parameters,
        node.type,
        this.#block(node.body, f),
      );
    if (ts.isFunctionExpression(node))
      return f.updateFunctionExpression(
        node,
        node.modifiers,
        node.asteriskToken,
        node.name,
        node.typeParameters,
        node.parameters,
        node.type,
        this.#block(node.body, f),
      );
    if (ts.isArrowFunction(node) && ts.isBlock(node.body))
      return f.updateArrowFunction(
        node,
        node.modifiers,
        node.typeParameters,
        node.parameters,
        node.type,
        node.equalsGreaterThanToken,
        this.#block(node.body, f),
      );
    if (ts.isIfStatement(node))
      return f.updateIfStatement(
        node,
        node.expression,
        this.#block(node.thenStatement, f),
        this.#block(node.elseStatement ?? f.createBlock([]), f),
      );
    if (ts.isWhileStatement(node)) return f.updateWhileStatement(node, node.expression, this.#block(node.statement, f));
    if (ts.isDoStatement(node)) return f.updateDoStatement(node, this.#block(node.statement, f), node.expression);
    if (ts.isForStatement(node))
      return f.updateForStatement(
        node,
        node.initializer,
        node.condition,
        node.incrementor,
        this.#block(node.statement, f),
      );
    if (ts.isForOfStatement(node))
      return f.updateForOfStatement(
        node,
        node.awaitModifier,
        node.initializer,
        node.expression,
        this.#block(node.statement, f),
      );
    if (ts.isCaseClause(node)) return f.updateCaseClause(node, node.expression, [this.#hit(f), ...node.statements]);
    if (ts.isDefaultClause(node)) return f.updateDefaultClause(node, [this.#hit(f), ...node.statements]);
    if (ts.isCatchClause(node))
      return f.updateCatchClause(node, node.variableDeclaration, this.#block(node.block, f) as ts.Block);
    if (ts.isConditionalExpression(node))
      return f.updateConditionalExpression(
        node,
        node.condition,
        node.questionToken,
        this.#operand(node.whenTrue, f),
        node.colonToken,
        this.#operand(node.whenFalse, f),
      );
    if (ts.isBinaryExpression(node) && LOGICAL.has(node.operatorToken.kind))
      return f.updateBinaryExpression(node, node.left, node.operatorToken, this.#operand(node.right, f));
    return node;
  }

  #increment(f: ts.NodeFactory): ts.Expression {
    const place = f.createElementAccessExpression(f.createIdentifier(MAP), this.count++);
    return f.createPostfixIncrement(place);
  }

  #hit(f: ts.NodeFactory): ts.Statement {
    return f.createExpressionStatement(this.#increment(f));
  }

  #block(statement: ts.Statement, f: ts.NodeFactory): ts.Block {
    const within = ts.isBlock(statement) ? statement.statements : [statement];
    return f.createBlock([this.#hit(f), ...within], true);
  }

  #operand(expression: ts.Expression, f: ts.NodeFactory): ts.Expression {
    return f.createParenthesizedExpression(f.createComma(this.#increment(f), expression));
  }
}

const LOGICAL: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

function headOf(node: ts.FunctionDeclaration) {
  const { modifiers, asteriskToken, name, typeParameters, parameters, type } = node;
  return [modifiers, asteriskToken, name, typeParameters, parameters, type] as const;
}
