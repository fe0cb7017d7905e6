/** Test support: libbpf, to load objects as others do. Needs root, the library, and the package koffi. */

/** A loaded object: the file of its first program. */
export interface LibbpfObject {
  readonly file: number;
  /** The files of a program and of a map, by their names. */
  readonly programOf: (name: string) => number;
  readonly mapOf: (name: string) => number;
  readonly close: () => void;
}

export interface Libbpf {
  /** Opens and loads an object; the error's number where either fails. */
  readonly load: (bytes: Uint8Array) => LibbpfObject | string;
}

const NAMES = ['libbpf.so.1', 'libbpf.so.0'];

/** Why libbpf cannot be used, or what loads objects with it. */
export async function openLibbpf(): Promise<Libbpf | string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'loading objects needs Linux and root';
  const koffi = await import('koffi').then((module) => module.default).catch(() => undefined);
  if (koffi === undefined) return 'the package koffi is not installed';
  let library: ReturnType<typeof koffi.load> | undefined;
  for (const name of NAMES) {
    try {
      library ??= koffi.load(name);
    } catch {}
  }
  if (library === undefined) return 'there is no libbpf';
  const open = library.func('void *bpf_object__open_mem(void *bytes, size_t size, void *options)');
  const load = library.func('int bpf_object__load(void *object)');
  const next = library.func('void *bpf_object__next_program(void *object, void *before)');
  const fileOf = library.func('int bpf_program__fd(void *program)');
  const find = library.func('void *bpf_object__find_program_by_name(void *object, const char *name)');
  const findMap = library.func('int bpf_object__find_map_fd_by_name(void *object, const char *name)');
  const close = library.func('void bpf_object__close(void *object)');
  // What it prints is not for tests.
  library.func('void *libbpf_set_print(void *print)')(null);
  return {
    load(bytes) {
      const object = open(Buffer.from(bytes), bytes.length, null) as unknown;
      if (object === null) return `open: errno ${koffi.errno()}`;
      const failed = load(object) as number;
      if (failed !== 0) {
        close(object);
        return `load: ${failed}`;
      }
      return {
        file: fileOf(next(object, null)) as number,
        programOf: (name) => fileOf(find(object, name)) as number,
        mapOf: (name) => findMap(object, name) as number,
        close: () => void close(object),
      };
    },
  };
}
