/** `--profile`, `--svg`, `--dot`: how often what of a filter ran, and pictures of its flow. */

import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Program } from '../lib/cbpf.js';
import { type LiftForm, NO_LOADER, openSavefile, SNAP_LENGTH } from '../lib/command.js';
import { compileProgram } from '../lib/compile.js';
import type { Filter, LinkFilter, PacketTest } from '../lib/index.js';
import {
  type Counts,
  createEbpfProfiler,
  createProfiler,
  type FlowGraph,
  flowGraph,
  flowGraphOfEbpf,
  type Profile,
  type Profiler,
  profileText,
  toDot,
  toSvg,
} from '../lib/see.js';
import { expressionOf, filterFor, filterOf, reasonOf, warnAbout } from './expression.js';
import type { Options } from './options.js';
import { CommandError, warn } from './report.js';
import { STDIO, writeMessage, writeOutput } from './standard.js';

const STDIN = 0;

/** One picture: what its name has behind that of the file, and the graph. */
interface Picture {
  readonly suffix: string;
  readonly title: string;
  readonly graph: FlowGraph;
}

export async function seeFilter(options: Options): Promise<void> {
  const source = await expressionOf(options);
  // What is printed after passes is drawn here.
  const filter = filterOf(
    source,
    { ...options, printAfter: undefined },
    NO_LOADER,
    options.snapLength ?? SNAP_LENGTH,
  );
  if (options.profile) {
    const profiled = await profileOf(filter, options);
    if (profiled === undefined) return;
    const { linkFilter, profile } = profiled;
    const { ebpf: form, printAfter } = options;
    if ((options.svg ?? options.dot) === undefined) return;
    if (form !== undefined) return draw([await liftedPicture(filter, linkFilter, form, options)], options);
    if (printAfter !== undefined)
      return draw(await countedPasses(filter, linkFilter, printAfter, options), options);
    return draw(await picturesOf(linkFilter, options, countsOf(profile)), options);
  }
  draw(await picturesOf(await filterToDraw(filter, options), options, undefined), options);
}

/** For the link type of `-r`, of `-y`, or Ethernet. */
async function filterToDraw(filter: Filter, options: Options): Promise<LinkFilter> {
  const { read: name, linkType } = options;
  if (name !== undefined) {
    await using capture = await openSavefile(name === STDIO ? STDIN : name, { name });
    return filter.for(capture.interfaces[0] ?? { linkType: 1 });
  }
  if (linkType === undefined) warn('assuming Ethernet');
  const found = filterFor(filter, linkType ?? 'EN10MB');
  warnAbout(found, options);
  return found;
}

/** A program, and the pass of the optimizer that made it. */
interface Pass {
  readonly name: string;
  readonly program: Program;
}

interface Profiled {
  readonly linkFilter: LinkFilter;
  readonly profile: Profile;
}

/** Prints the profile of each program that packets came to. @returns That which most came to. */
async function profileOf(filter: Filter, options: Options): Promise<Profiled | undefined> {
  const { read: name, count: limit } = options;
  if (name === undefined || options.readList !== undefined)
    throw new CommandError('--profile is about one savefile: name it with -r');
  const profilers = new Map<LinkFilter, Profiler>();
  await using capture = await openSavefile(name === STDIO ? STDIN : name, { name });
  writeMessage(`reading from file ${name}\n`);
  const select = (source: Parameters<Filter['for']>[0]) => {
    const linkFilter = filter.for(source);
    const known = profilers.get(linkFilter) ?? createProfiler(linkFilter);
    profilers.set(linkFilter, known);
    return known.test;
  };
  try {
    await capture.scan({ select, limit });
  } finally {
    // What was read before a failure is told before it.
    for (const [linkFilter, profiler] of profilers) {
      if (profilers.size > 1 && !options.json) writeOutput(`link type ${linkFilter.linkType}: `);
      print(linkFilter, profiler.profile(), options);
    }
  }
  const all = [...profilers].map(([linkFilter, profiler]) => ({ linkFilter, profile: profiler.profile() }));
  return all.sort((a, b) => b.profile.packets - a.profile.packets)[0];
}

function print({ linkType }: LinkFilter, profile: Profile, { json }: Options): void {
  if (!json) {
    writeOutput(profileText(profile));
    return;
  }
  const instructions = profile.instructions.map((counts, index) => ({
    ...profile.program[index]!,
    ...counts,
  }));
  const { packets, matched, words } = profile;
  writeOutput(`${JSON.stringify({ linkType, packets, matched, words, instructions })}\n`);
}

async function picturesOf(
  filter: LinkFilter,
  options: Options,
  counts: Counts | undefined,
): Promise<readonly Picture[]> {
  const { svg, dot, printAfter, ebpf: form } = options;
  if ((svg ?? dot) === undefined) return [];
  const { expression, cbpf } = filter;
  const title = titleOf(filter);
  if (form !== undefined) {
    const { liftedProgram } = await import('./lifted.js');
    const { program } = liftedProgram(filter, { form });
    return [{ suffix: '', title: `${title} (${form})`, graph: flowGraphOfEbpf(program, expression) }];
  }
  if (printAfter === undefined) return [{ suffix: '', title, graph: flowGraph(cbpf, expression, counts) }];
  return passesOf(filter, printAfter).map((pass, index) => passPicture(pass, index, filter));
}

function passPicture({ name, program }: Pass, index: number, filter: LinkFilter, counts?: Counts): Picture {
  return {
    suffix: `-${`${index}`.padStart(2, '0')}-${name}`,
    title: `${titleOf(filter)} (${name})`,
    graph: flowGraph(program, filter.expression, counts),
  };
}

const countsOf = ({ instructions }: Profile): Counts => ({
  ran: instructions.map(({ ran }) => ran),
  held: instructions.map(({ held }) => held),
});

/** The program after each pass, coloured by another run over the savefile. */
async function countedPasses(
  family: Filter,
  filter: LinkFilter,
  wanted: string,
  options: Options,
): Promise<readonly Picture[]> {
  const passes = passesOf(filter, wanted);
  const { expression } = filter;
  const profilers = passes.map(({ program }) => createProfiler({ cbpf: program, expression }));
  await scanAgain(family, filter, options, (...packet) => {
    for (const { test } of profilers) test(...packet);
    return 0;
  });
  return passes.map((pass, index) => passPicture(pass, index, filter, countsOf(profilers[index]!.profile())));
}

/** Gives the packets that the filter is for to something else. */
async function scanAgain(
  family: Filter,
  filter: LinkFilter,
  { read: name }: Options,
  test: PacketTest,
): Promise<void> {
  if (name === STDIO) throw new CommandError('such a picture reads the savefile twice: give a file');
  await using capture = await openSavefile(name!, { name: name! });
  const nothing = (): number => 0;
  await capture.scan({ select: (source) => (family.for(source) === filter ? test : nothing) });
}

/** The filter as eBPF, coloured by another run over the savefile, in that form. */
async function liftedPicture(
  family: Filter,
  filter: LinkFilter,
  form: LiftForm,
  options: Options,
): Promise<Picture> {
  if (form === 'kernel') throw new CommandError('the form kernel does not run here: it has no profile');
  const { program, test, counts } = createEbpfProfiler(filter, form);
  await scanAgain(family, filter, options, test);
  const { expression } = filter;
  return {
    suffix: '',
    title: `${titleOf(filter)} (${form})`,
    graph: flowGraphOfEbpf(program, expression, counts()),
  };
}

const titleOf = ({ expression }: LinkFilter): string => expression.replace(/\s+/g, ' ').slice(0, 100);

/** The program as it was generated, and after passes of the optimizer that changed it. */
function passesOf(filter: LinkFilter, wanted: string): Pass[] {
  const { expression, options } = filter;
  const generated = compileProgram(expression, { ...options, optimize: false });
  const found = [{ name: 'generated', program: generated }];
  const onPass = (name: string, program: Program): void => {
    if ((wanted === 'all' || wanted === name) && !isSame(program, found.at(-1)!.program))
      found.push({ name, program });
  };
  compileProgram(expression, { ...options, optimize: true, onPass });
  return found;
}

const isSame = (a: Program, b: Program): boolean =>
  a.length === b.length &&
  a.every(({ code, jt, jf, k }, at) => {
    const other = b[at]!;
    return code === other.code && jt === other.jt && jf === other.jf && k === other.k;
  });

function draw(pictures: readonly Picture[], { svg, dot }: Options): void {
  for (const { suffix, title, graph } of pictures) {
    if (svg !== undefined) write(svg, suffix, toSvg(graph, title));
    if (dot !== undefined) write(dot, suffix, toDot(graph, title));
  }
}

function write(path: string, suffix: string, text: string): void {
  if (path === STDIO) {
    writeOutput(text);
    return;
  }
  const end = extname(path);
  const name = `${end === '' ? path : path.slice(0, -end.length)}${suffix}${end}`;
  try {
    writeFileSync(name, text);
  } catch (error) {
    throw new CommandError(`${name}: ${reasonOf(error)}`);
  }
}
