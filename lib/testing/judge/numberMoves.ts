/** Test support: what judged programs do with numbers. */

import { ALU, type Move, type Writer } from './writer.js';

export const constant: Move = (w) => void w.fresh(w.constant());

export const wideConstant: Move = (w) => {
  const register = w.free();
  w.add({ kind: 'wide', pseudo: 0, dst: register, low: w.constant(), high: w.constant() });
  w.held[register] = 'number';
};

export const compute: Move = (w) => {
  const op = w.pick(ALU);
  const width = w.width();
  const dst = w.number();
  const isShift = op === 'lsh' || op === 'rsh' || op === 'arsh';
  if (w.chance(2)) {
    const value = isShift && !w.careless ? w.random(width) : w.constant();
    w.alu(op, dst, { constant: value === 0 && /div|mod/.test(op) && !w.careless ? 3 : value }, width);
  } else {
    const src = w.careless ? w.random(11) : w.number();
    w.alu(op, dst, { register: src }, width);
  }
  w.held[dst] = w.held[dst] === 'small' && w.chance(2) ? 'small' : 'number';
};

export const copy: Move = (w) => {
  const dst = w.free();
  const src = w.chance(3) ? w.random(11) : w.number();
  if (w.held[src] === 'nothing' && !w.careless) return;
  const isNumber = w.held[src] === 'number' || w.held[src] === 'small';
  if (w.chance(4) && (isNumber || w.careless)) {
    const width = w.width();
    w.add({ kind: 'movsx', from: w.pick(width === 64 ? [8, 16, 32] : [8, 16]), width, dst, src });
    w.held[dst] = 'number';
  } else w.move(dst, src, isNumber || w.careless ? w.width() : 64);
};

export const swap: Move = (w) => {
  const dst = w.number();
  w.add({ kind: 'swap', op: w.pick(['le', 'be', 'bswap']), bits: w.pick([16, 32, 64]), dst });
};

/** Limits a number, in one of the ways that compilers and people do. */
export const limit: Move = (w) => {
  const register = w.number();
  bound(w, register, w.pick([1, 3, 4, 7, 8, 15, 16, 31, 32, 40, 63, 255]));
};

export function bound(w: Writer, register: number, most: number): void {
  const width = w.width();
  switch (w.random(9)) {
    case 0:
    case 1:
    case 2:
      w.alu('and', register, { constant: most }, width);
      break;
    case 3:
      w.toExit(w.branch('jgt', register, { constant: most }, width));
      break;
    case 4: {
      const go = w.branch(w.pick(['jlt', 'jle']), register, { constant: most }, width);
      w.set(register, w.small());
      w.here(go);
      break;
    }
    case 5:
      w.toExit(w.branch('jsgt', register, { constant: most }, width));
      w.toExit(w.branch('jslt', register, { constant: w.pick([0, 0, 0, -8, 1]) }, width));
      break;
    case 6: {
      const other = w.number();
      w.toExit(w.branch(w.pick(['jgt', 'jge', 'jne']), register, { register: other }, width));
      break;
    }
    case 7:
      w.alu(w.pick(['mod', 'rsh', 'div']), register, { constant: w.pick([8, 16, 58, 28, 60]) }, width);
      break;
    default:
      w.toExit(
        w.branch(w.pick(['jset', 'jne', 'jeq']), register, { constant: w.pick([~most, most, 8]) }, width),
      );
  }
  if (w.held[register] === 'number') w.held[register] = 'small';
}
