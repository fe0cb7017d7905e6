/** What packets of a block have, noted in the rows of an index: 32 blocks side by side, a bit of each row's cell for each. */

import { ABSENT, readField } from '../rules/index.js';
import { bitKind, isFine, isOf, KIND, NETWORKS, type PacketClass } from './classes.js';
import { ROWS, seedOf, setFineRows, setRows } from './signature.js';

/** Notes a packet, as a `PacketTest` is given it. */
export type Note = (bytes: Uint8Array, start: number, length: number) => void;

const BYTE_BITS = [0, 1, 2, 3, 4, 5, 6, 7];
const TCP = 6;
const SEEDS = Object.fromEntries(
  Object.entries(KIND).map(([name, kind]) => [name, seedOf(kind, 0)]),
) as Record<keyof typeof KIND, number>;
const [NEAR, FAR] = NETWORKS.map((shift) => seedOf(KIND.address, shift)) as [number, number];
const [MIDDLE, LAST] = [seedOf(KIND.word + 1, 0), seedOf(KIND.word + 2, 0)];
const BITS = BYTE_BITS.map((bit) => seedOf(KIND.flags, bitKind(bit)));

export class Notes {
  readonly cells = new Int32Array(ROWS);
  /** Of the block that packets are noted for: {@link nextBlock}. */
  private bit = 1;
  private block = 1;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(this.bytes.buffer);
  /** In which block flags and protocols were seen last. */
  private readonly seen = new Int32Array(512);

  /** @param block - Which of the chunk's it is. */
  nextBlock(block: number): void {
    this.bit = 1 << block;
    this.block++;
  }

  /** Sets a row of the first ones. */
  set(row: number): void {
    this.cells[row]! |= this.bit;
  }

  /**
   * @param first - Number of the first class.
   * @param isPlain - Asks field by field of all classes: the slow way that the fast one is held to.
   */
  noteFor(classes: readonly PacketClass[], first: number, isPlain = false): Note {
    const plain: Note = (bytes, start, length) => {
      for (let place = 0; place < classes.length; place++) {
        if (!isOf(classes[place]!, bytes, start, length)) continue;
        this.set(1 + first + place);
        return this.plain(classes[place]!, bytes, start, length);
      }
      this.set(0);
    };
    return isPlain || classes.length === 0 ? plain : this.fast(classes, first, plain);
  }

  private plain({ fields, kinds }: PacketClass, bytes: Uint8Array, start: number, length: number): void {
    const { cells, bit } = this;
    for (let place = 0; place < fields.length; place++) {
      const value = readField(fields[place]!, bytes, start, length);
      if (value === ABSENT) continue;
      const kind = kinds[place]!;
      (isFine(kind) ? setFineRows : setRows)(cells, bit, seedOf(kind, 0), value);
      if (kind === KIND.address)
        for (const shift of NETWORKS) setRows(cells, bit, seedOf(kind, shift), value >>> shift);
      if (kind === KIND.flags)
        for (const at of BYTE_BITS)
          if ((value & (1 << at)) !== 0) setRows(cells, bit, seedOf(kind, bitKind(at)), 1);
    }
  }

  /** The same for whole headers of IP with what is behind them, directly on the link: most packets. */
  private fast(classes: readonly PacketClass[], first: number, plain: Note): Note {
    const { cells } = this;
    const at = classes[0]!.header!;
    const [four, six] = [classes[1]!.tests[0]!, classes[3]!.tests[0]!];
    const { field } = four;
    const ends = classes[0]!.kinds.includes(KIND.station);
    return (bytes, start, length) => {
      // The least that can be whole: so much is there of all fields below.
      if (length < at + 44) return plain(bytes, start, length);
      const type = readField(field, bytes, start, length);
      if (bytes !== this.bytes) {
        this.bytes = bytes;
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
      const { view, bit } = this;
      const ip = start + at;
      let [protocol, transport, row] = [0, ip + 40, 1 + first];
      if (type >= four.low && type <= four.high) {
        protocol = bytes[ip + 9]!;
        transport = ip + 4 * (bytes[ip]! & 15);
        if (transport + 14 > start + length) return plain(bytes, start, length);
        this.address(view.getInt32(ip + 12));
        this.address(view.getInt32(ip + 16));
      } else if (type >= six.low && type <= six.high && length >= at + 54) {
        protocol = bytes[ip + 6]!;
        row += 2;
        for (let end = ip + 8; end <= ip + 24; end += 16) {
          setRows(cells, bit, SEEDS.word, view.getInt32(end));
          setRows(cells, bit, MIDDLE, view.getInt32(end + 4));
          setFineRows(cells, bit, LAST, view.getInt32(end + 12));
        }
      } else return plain(bytes, start, length);
      const isTcp = protocol === TCP;
      cells[isTcp ? row : row + 1]! |= bit;
      const ports = view.getInt32(transport);
      const seed = isTcp ? SEEDS.tcpPort : SEEDS.port;
      setFineRows(cells, bit, seed, ports >>> 16);
      setFineRows(cells, bit, seed, ports & 0xffff);
      this.small(isTcp ? bytes[transport + 13]! : 256 + protocol);
      if (!ends) return;
      setRows(cells, bit, SEEDS.station, view.getInt32(start + 2));
      setRows(cells, bit, SEEDS.station, view.getInt32(start + 8));
    };
  }

  private address(value: number): void {
    const { cells, bit } = this;
    setFineRows(cells, bit, SEEDS.address, value);
    setRows(cells, bit, NEAR, value >>> 8);
    setRows(cells, bit, FAR, value >>> 16);
  }

  /** Flags, or a protocol and 256: few values, which most packets of a block share. */
  private small(value: number): void {
    const { cells, bit, seen, block } = this;
    if (seen[value] === block) return;
    seen[value] = block;
    if (value >= 256) setRows(cells, bit, SEEDS.protocol, value - 256);
    else {
      setRows(cells, bit, SEEDS.flags, value);
      for (const at of BYTE_BITS) if ((value & (1 << at)) !== 0) setRows(cells, bit, BITS[at]!, 1);
    }
  }
}
