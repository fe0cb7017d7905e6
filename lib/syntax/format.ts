/**
 * Tree → text. Reading the text again gives the same tree, spans apart.
 *
 * One blank between words, `and`/`or`/`not` spelled out, canonical keywords, everything else as written.
 */

import type { Arithmetic, Expr, FieldTest, Identifier, Qualifiers, Word } from './ast.js';
import { tokenize } from './lexer.js';
import { isTunnel } from './token.js';

/** What is still to be printed; strings are printed as they are. */
type Piece = string | Expr | Arithmetic;

export function format(expr: Expr | undefined): string {
  const text: string[] = [];
  // A stack instead of recursion: an expression may be nested as deep as it is long.
  const pending: Piece[] = expr === undefined ? [] : [expr];
  for (let piece = pending.pop(); piece !== undefined; piece = pending.pop()) {
    if (typeof piece === 'string') text.push(piece);
    else pending.push(...pieces(piece).reverse());
  }
  return text.join('');
}

function pieces(node: Expr | Arithmetic): Piece[] {
  switch (node.kind) {
    case 'and':
    case 'or':
      return [node.left, ` ${node.kind} `, node.right];
    case 'not':
      return ['not ', node.operand];
    case 'group':
    case 'parens':
      return ['(', node.operand, ')'];
    case 'scope': {
      const { operand } = node;
      // These words are such before a scope only.
      if (operand.kind === 'and' && operand.left.kind === 'encapsulation' && isTunnel(operand.left.name))
        return [operand.left, ' { ', unwrapped(operand.right), ' }'];
      return ['{ ', operand, ' }'];
    }
    case 'named':
      return [node.text];
    case 'qualified':
      return [`${qualifierText(node.qualifiers)} `, node.operand];
    case 'id':
      return [identifierText(node.id)];
    case 'relation':
    case 'binary':
      return [node.left, ` ${node.op} `, node.right];
    case 'number':
      return [node.text];
    case 'len':
      return ['len'];
    case 'negate':
      return ['-', node.operand];
    case 'index': {
      const size = node.size === undefined ? '' : `:${node.size.text}`;
      return [`${node.protocol}[`, node.offset, `${size}]`];
    }
    default:
      return [primitiveText(node)];
  }
}

const unwrapped = (node: Expr): Expr => (node.kind === 'group' ? node.operand : node);

type Primitive = Exclude<
  Expr,
  { kind: 'and' | 'or' | 'not' | 'group' | 'scope' | 'named' | 'qualified' | 'id' | 'relation' }
>;

function primitiveText(node: Primitive): string {
  switch (node.kind) {
    case 'protocol':
      return node.protocol;
    case 'broadcast':
    case 'multicast':
      return words(node.protocol, node.kind);
    case 'less':
    case 'greater':
      return words(node.kind, node.length.text);
    case 'byte':
      return words('byte', node.index.text, node.op, node.value.text);
    case 'inbound':
    case 'outbound':
    case 'pppoed':
      return node.kind;
    case 'ifindex':
      return words('ifindex', node.index.text);
    case 'encapsulation':
      return words(
        node.name,
        node.among === undefined ? node.number?.text : `{${node.among.map(({ text }) => text).join(', ')}}`,
      );
    case 'pf':
      return words(node.field, wordText(node.value));
    case 'wlan-type': {
      const subtype = node.subtype === undefined ? undefined : `subtype ${wordText(node.subtype)}`;
      return words(node.protocol, 'type', wordText(node.type), subtype);
    }
    case 'wlan-subtype':
      return words(node.protocol, 'subtype', wordText(node.value));
    case 'wlan-direction':
      return words(node.protocol, 'dir', wordText(node.value));
    case 'llc':
      return words('llc', node.type === undefined ? undefined : nameText(node.type));
    case 'atm':
    case 'mtp2':
      return node.type;
    case 'atm-field':
    case 'mtp3':
      return words(node.field, testText(node.tests));
  }
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ');
}

function qualifierText({ protocol, direction, type }: Qualifiers): string {
  return words(protocol, direction, type);
}

function identifierText(id: Identifier): string {
  switch (id.kind) {
    case 'name':
      return nameText(id.name);
    case 'dotted-prefix':
    case 'ipv6-prefix':
      return `${id.text}/${id.length.text}`;
    case 'dotted-mask':
      return `${id.text} mask ${id.mask}`;
    default:
      return id.text;
  }
}

/** With a backslash where the bare word would be read as something else. */
function nameText(name: string): string {
  const [token] = tokenize(name);
  return token?.kind === 'name' && token.text === name ? name : `\\${name}`;
}

function wordText(word: Word): string {
  return 'name' in word ? nameText(word.name) : word.text;
}

function testText(tests: readonly FieldTest[]): string {
  const [only] = tests;
  if (tests.length === 1 && only !== undefined) {
    return only.op === '=' ? only.value.text : `${only.op} ${only.value.text}`;
  }
  return `(${tests.map(({ value }) => value.text).join(' or ')})`;
}
