/**
 * The command in the pieces that the build makes of it (scripts/bundle.mjs), with the code that V8 compiled of each.
 *
 * Reading and compiling source is most of what a short run takes. So the command is cut into chunks, of which a
 * run loads those it needs; and the build runs it once and keeps the code that V8 compiled on the way
 * (scripts/codeCache.mjs). That code fits one version of Node on one architecture; any other compiles the chunks
 * again. Chunks that few runs need are kept compressed: they are a third of what the package would take otherwise.
 */

import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';

/** Holds the chunks that nearly every run needs; any other chunk is a script of its own. */
export const USUAL_SCRIPT = 'usual.cjs';

/** What the file of a compressed script is called after its name. */
export const COMPRESSED = '.br';

/** What a script is called after its name that lies beside its code. */
export const UNPACKED = '.txt';

/** What the text of a chunk is a function of. */
export const CHUNK_PARAMETERS = 'require, importChunk, importPackage, meta';

/** Gives what the chunk exports. */
type ChunkFunction = (
  require: (name: string) => unknown,
  importChunk: (name: string) => Promise<unknown>,
  importPackage: (name: string) => Promise<unknown>,
  meta: { readonly url: string },
) => object;

/** Where the build keeps code for the Node that runs. */
export const codeFolder = (folder: string): string =>
  join(folder, `code-${process.version}-${process.platform}-${process.arch}`);

/** Larger than any script and the code of it; memory that is not touched costs nothing. */
const BUFFER_SIZE = 1 << 22;

export class Chunks {
  /** The scripts loaded so far, by their names. */
  readonly scripts = new Map<string, vm.Script>();
  private readonly functions: Record<string, ChunkFunction> = {};
  private readonly exports = new Map<string, object>();
  private readonly folder: string;
  private readonly code: string | undefined;
  /** Read into again and again: to touch new memory takes longer than to read a file. */
  private readonly buffer = Buffer.allocUnsafeSlow(BUFFER_SIZE);

  /** @param folder - Where the build left the chunks. */
  constructor(folder: string) {
    this.folder = folder;
    const code = codeFolder(folder);
    this.code = existsSync(code) ? code : undefined;
    this.loadScript(USUAL_SCRIPT);
  }

  /** What a chunk exports; runs it the first time. */
  load(name: string): object {
    const loaded = this.exports.get(name);
    if (loaded !== undefined) return loaded;
    if (!(name in this.functions)) this.loadScript(name);
    const filename = join(this.folder, name);
    const exports = this.functions[name]!(
      (wanted) => (wanted.startsWith('./') ? this.load(wanted.slice(2)) : outside(filename, wanted)),
      async (wanted) => this.load(wanted.slice(2)),
      // Node finds no way to import for a script whose code comes from a cache.
      (wanted) => import(wanted),
      {
        get url() {
          return process.getBuiltinModule('node:url').pathToFileURL(filename).href;
        },
      },
    );
    this.exports.set(name, exports);
    return exports;
  }

  /** Reads all chunks, for who may lose the right to. */
  keep(): void {
    for (const file of readdirSync(this.folder)) {
      const name = file.endsWith(COMPRESSED) ? file.slice(0, -COMPRESSED.length) : file;
      if (name.endsWith('.cjs') && !this.scripts.has(name)) this.loadScript(name);
    }
  }

  private loadScript(name: string): void {
    const filename = join(this.folder, name);
    // The bundler escapes what is not ASCII, so that every byte is a character.
    const source = (this.read(filename) ?? this.unpacked(name) ?? this.unpack(filename)).toString('latin1');
    const cachedData = this.code === undefined ? undefined : this.read(join(this.code, name));
    const script = new vm.Script(source, { filename, cachedData });
    this.scripts.set(name, script);
    Object.assign(this.functions, script.runInThisContext());
  }

  /** What the build has left beside the code, which saves loading what decompresses. */
  private unpacked(name: string): Buffer | undefined {
    return this.code === undefined ? undefined : this.read(join(this.code, name + UNPACKED));
  }

  private unpack(path: string): Buffer {
    return process.getBuiltinModule('node:zlib').brotliDecompressSync(this.read(path + COMPRESSED)!);
  }

  /** A file, until the next one is read; `undefined` where there is none. */
  private read(path: string): Buffer | undefined {
    if (!existsSync(path)) return undefined;
    const descriptor = openSync(path, 'r');
    const size = readSync(descriptor, this.buffer);
    closeSync(descriptor);
    if (size === BUFFER_SIZE) throw new RangeError(`${path} is larger than expected`);
    return this.buffer.subarray(0, size);
  }
}

/** A module of Node, or of a package. Few runs need packages, so what finds them is not imported above. */
function outside(from: string, name: string): unknown {
  if (name.startsWith('node:')) return process.getBuiltinModule(name);
  return process.getBuiltinModule('node:module').createRequire(from)(name);
}
