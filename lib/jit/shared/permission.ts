/** What may be compiled here: a Content-Security-Policy or an option of Node can forbid either. */

/** Whether `new Function` works: not under a Content-Security-Policy without 'unsafe-eval'. */
export function canGenerateCode(): boolean {
  try {
    return new Function('return true')() === true;
  } catch {
    return false;
  }
}

/** Whether WebAssembly modules can be made: the smallest one there is. */
export function canCompileWebAssembly(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) !== undefined;
  } catch {
    return false;
  }
}
