import type { AnyNode, Node, Pattern } from 'acorn';

/**
 * Canonical text of a piece of rule code: one spelling for trees that are alike. Parsing it gives the same tree.
 * Takes the node types that rules may have (allowed.ts); throws for others.
 */
export function printCode(tree: Node): string {
  return expression(tree as AnyNode, 0, '');
}

// Levels of ECMAScript's grammar: what binds tighter has the higher number.
const ASSIGNMENT = 1;
const CONDITIONAL = 3;
const UNARY = 15;
const POSTFIX = 16;
const CALL = 18;
const PRIMARY = 20;

const BINARY: Readonly<Record<string, number>> = {
  '??': 4,
  '||': 4,
  '&&': 5,
  '|': 6,
  '^': 7,
  '&': 8,
  '==': 9,
  '!=': 9,
  '===': 9,
  '!==': 9,
  '<': 10,
  '>': 10,
  '<=': 10,
  '>=': 10,
  in: 10,
  instanceof: 10,
  '<<': 11,
  '>>': 11,
  '>>>': 11,
  '+': 12,
  '-': 12,
  '*': 13,
  '/': 13,
  '%': 13,
  '**': 14,
};

function levelOf(node: AnyNode): number {
  switch (node.type) {
    case 'SequenceExpression':
      return 0;
    case 'AssignmentExpression':
    case 'ArrowFunctionExpression':
      return ASSIGNMENT;
    case 'ConditionalExpression':
      return CONDITIONAL;
    case 'BinaryExpression':
    case 'LogicalExpression':
      return BINARY[node.operator] ?? 0;
    case 'UnaryExpression':
      return UNARY;
    case 'UpdateExpression':
      return node.prefix ? UNARY : POSTFIX;
    case 'CallExpression':
    case 'MemberExpression':
      return CALL;
    // Brackets around an optional chain end it, so they are kept where more follows.
    case 'ChainExpression':
      return CALL - 1;
    default:
      return PRIMARY;
  }
}

const inBrackets = (text: string): string => `(${text})`;

/** The text of an expression where at least `level` is needed. */
function expression(node: AnyNode, level: number, indent: string): string {
  const text = bare(node, indent);
  return levelOf(node) < level ? inBrackets(text) : text;
}

function bare(node: AnyNode, indent: string): string {
  const at = (child: Node, level: number): string => expression(child as AnyNode, level, indent);
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'Literal':
      return literal(node);
    case 'TemplateLiteral':
      return `\`${node.quasis.map(({ value }, i) => value.raw + (i < node.expressions.length ? `\${${at(node.expressions[i]!, 0)}}` : '')).join('')}\``;
    case 'ArrayExpression':
      return `[${node.elements.map((element) => (element === null ? '' : at(element, ASSIGNMENT))).join(', ')}]`;
    case 'ObjectExpression':
      return node.properties.length === 0
        ? '{}'
        : `{ ${node.properties.map((property) => at(property, ASSIGNMENT)).join(', ')} }`;
    case 'Property':
      return property(node, indent);
    case 'SpreadElement':
    case 'RestElement':
      return `...${at(node.argument, ASSIGNMENT)}`;
    case 'ObjectPattern':
      return node.properties.length === 0
        ? '{}'
        : `{ ${node.properties.map((one) => at(one, ASSIGNMENT)).join(', ')} }`;
    case 'ArrayPattern':
      return `[${node.elements.map((element) => (element === null ? '' : at(element, ASSIGNMENT))).join(', ')}]`;
    case 'AssignmentPattern':
      return `${at(node.left, PRIMARY)} = ${at(node.right, ASSIGNMENT)}`;
    case 'UnaryExpression':
      return unary(node.operator, at(node.argument, UNARY));
    case 'UpdateExpression':
      return node.prefix
        ? unary(node.operator, at(node.argument, CALL))
        : `${at(node.argument, CALL)}${node.operator}`;
    case 'BinaryExpression':
    case 'LogicalExpression':
      return binary(node, indent);
    case 'AssignmentExpression':
      return `${at(node.left, CALL)} ${node.operator} ${at(node.right, ASSIGNMENT)}`;
    case 'ConditionalExpression':
      return `${at(node.test, CONDITIONAL + 1)} ? ${at(node.consequent, ASSIGNMENT)} : ${at(node.alternate, ASSIGNMENT)}`;
    case 'SequenceExpression':
      return node.expressions.map((one) => at(one, ASSIGNMENT)).join(', ');
    case 'ChainExpression':
      return at(node.expression, CALL);
    case 'MemberExpression':
      return member(node, indent);
    case 'CallExpression':
      return `${callee(node.callee as AnyNode, indent)}${node.optional ? '?.' : ''}(${node.arguments.map((one) => at(one, ASSIGNMENT)).join(', ')})`;
    case 'ArrowFunctionExpression':
      return arrow(node, indent);
    case 'FunctionExpression':
      return functionText(node, indent);
    default:
      throw new TypeError(`${node.type} cannot be printed`);
  }
}

function callee(node: AnyNode, indent: string): string {
  const text = expression(node, CALL, indent);
  return node.type === 'FunctionExpression' ? inBrackets(text) : text;
}

/** `- -x` must not become `--x`; words need a blank. */
function unary(operator: string, argument: string): string {
  const apart =
    /[a-z]$/.test(operator) ||
    ((operator === '-' || operator === '+') && argument.startsWith(operator[0]!));
  return `${operator}${apart ? ' ' : ''}${argument}`;
}

function binary(
  node: AnyNode & { type: 'BinaryExpression' | 'LogicalExpression' },
  indent: string,
): string {
  const level = BINARY[node.operator]!;
  const isPower = node.operator === '**';
  const side = (child: AnyNode, least: number): string => {
    const text = expression(child, least, indent);
    // ?? may not stand beside || and && without brackets.
    const mixes =
      child.type === 'LogicalExpression' &&
      child.operator !== node.operator &&
      (node.operator === '??' || child.operator === '??');
    return mixes && levelOf(child) >= least ? inBrackets(text) : text;
  };
  const left = side(node.left as AnyNode, isPower ? POSTFIX : level);
  return `${left} ${node.operator} ${side(node.right as AnyNode, isPower ? level : level + 1)}`;
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function member(node: AnyNode & { type: 'MemberExpression' }, indent: string): string {
  const { object, property: name, computed, optional } = node;
  const isNumber = object.type === 'Literal' && typeof object.value === 'number';
  const inner = expression(object as AnyNode, CALL, indent);
  const base =
    isNumber || object.type === 'FunctionExpression' || object.type === 'ObjectExpression'
      ? inBrackets(inner)
      : inner;
  if (!computed) return `${base}${optional ? '?.' : '.'}${expression(name as AnyNode, 0, indent)}`;
  return `${base}${optional ? '?.' : ''}[${expression(name as AnyNode, 0, indent)}]`;
}

function property(node: AnyNode & { type: 'Property' }, indent: string): string {
  const value = expression(node.value as AnyNode, ASSIGNMENT, indent);
  if (node.shorthand) return value;
  const key = node.key as AnyNode;
  if (node.computed) return `[${expression(key, ASSIGNMENT, indent)}]: ${value}`;
  const name =
    key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : '';
  return `${NAME.test(name) || /^(?:0|[1-9]\d{0,8})$/.test(name) ? name : JSON.stringify(name)}: ${value}`;
}

function literal(node: AnyNode & { type: 'Literal' }): string {
  if (node.regex !== undefined && node.regex !== null)
    return `/${node.regex.pattern}/${node.regex.flags}`;
  if (typeof node.value === 'string') return stringText(node.value);
  return typeof node.value === 'bigint' ? `${node.value}n` : String(node.value);
}

/** A string literal of JavaScript, in double quotes. */
export const stringText = (text: string): string =>
  JSON.stringify(text)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');

function parameters(params: readonly Pattern[], indent: string): string {
  return `(${params.map((param) => expression(param as AnyNode, 0, indent)).join(', ')})`;
}

function arrow(node: AnyNode & { type: 'ArrowFunctionExpression' }, indent: string): string {
  const [only, ...more] = node.params;
  const head =
    only?.type === 'Identifier' && more.length === 0 ? only.name : parameters(node.params, indent);
  if (node.body.type === 'BlockStatement') return `${head} => ${statement(node.body, indent)}`;
  const body = expression(node.body as AnyNode, ASSIGNMENT, indent);
  return `${head} => ${body.startsWith('{') ? inBrackets(body) : body}`;
}

function functionText(
  node: AnyNode & { type: 'FunctionExpression' | 'FunctionDeclaration' },
  indent: string,
): string {
  return `function ${node.id?.name ?? ''}${parameters(node.params, indent)} ${statement(node.body, indent)}`;
}

function statement(node: AnyNode, indent: string): string {
  const at = (child: Node): string => expression(child as AnyNode, 0, indent);
  const body = (child: Node): string =>
    child.type === 'BlockStatement'
      ? statement(child as AnyNode, indent)
      : block([child as AnyNode], indent);
  switch (node.type) {
    case 'BlockStatement':
      return block(node.body, indent);
    case 'ExpressionStatement': {
      const text = at(node.expression);
      return `${/^(?:\{|function\b|let\b)/.test(text) ? inBrackets(text) : text};`;
    }
    case 'VariableDeclaration':
      return `${declaration(node, indent)};`;
    case 'FunctionDeclaration':
      return functionText(node, indent);
    case 'ReturnStatement':
      return node.argument ? `return ${at(node.argument)};` : 'return;';
    case 'ThrowStatement':
      return `throw ${at(node.argument)};`;
    case 'IfStatement': {
      const other = node.alternate
        ? ` else ${node.alternate.type === 'IfStatement' ? statement(node.alternate, indent) : body(node.alternate)}`
        : '';
      return `if (${at(node.test)}) ${body(node.consequent)}${other}`;
    }
    case 'ForStatement': {
      const init = node.init
        ? node.init.type === 'VariableDeclaration'
          ? declaration(node.init, indent)
          : at(node.init)
        : '';
      return `for (${init}; ${node.test ? at(node.test) : ''}; ${node.update ? at(node.update) : ''}) ${body(node.body)}`;
    }
    case 'ForOfStatement':
    case 'ForInStatement': {
      const left =
        node.left.type === 'VariableDeclaration' ? declaration(node.left, indent) : at(node.left);
      return `for (${left} ${node.type === 'ForOfStatement' ? 'of' : 'in'} ${expression(node.right as AnyNode, ASSIGNMENT, indent)}) ${body(node.body)}`;
    }
    case 'WhileStatement':
      return `while (${at(node.test)}) ${body(node.body)}`;
    case 'DoWhileStatement':
      return `do ${body(node.body)} while (${at(node.test)});`;
    case 'SwitchStatement': {
      const inner = `${indent}  `;
      const cases = node.cases.map((one) => {
        const head = one.test ? `case ${expression(one.test as AnyNode, 0, inner)}:` : 'default:';
        return `${inner}${head}${one.consequent.map((line) => `\n${inner}  ${statement(line as AnyNode, `${inner}  `)}`).join('')}\n`;
      });
      return `switch (${at(node.discriminant)}) {\n${cases.join('')}${indent}}`;
    }
    case 'BreakStatement':
      return 'break;';
    case 'ContinueStatement':
      return 'continue;';
    case 'EmptyStatement':
      return ';';
    default:
      throw new TypeError(`${node.type} cannot be printed`);
  }
}

function block(statements: readonly AnyNode[], indent: string): string {
  const kept = statements.filter(({ type }) => type !== 'EmptyStatement');
  if (kept.length === 0) return '{}';
  const inner = `${indent}  `;
  return `{\n${kept.map((one) => `${inner}${statement(one, inner)}\n`).join('')}${indent}}`;
}

function declaration(node: AnyNode & { type: 'VariableDeclaration' }, indent: string): string {
  const parts = node.declarations.map(({ id, init }) => {
    const name = expression(id as AnyNode, 0, indent);
    return init ? `${name} = ${expression(init as AnyNode, ASSIGNMENT, indent)}` : name;
  });
  return `${node.kind} ${parts.join(', ')}`;
}

/** Field names and paths as they may stand in an aggregate: `user`, `http.status`, `event["odd name"]`. */
export function fieldText(path: readonly string[]): string {
  if (path.every((step) => NAME.test(step))) return path.join('.');
  return `event${path.map((step) => `[${stringText(step)}]`).join('')}`;
}
