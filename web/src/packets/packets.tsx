/** A capture: its packets, which of them match, and the chosen one in fields and bytes. */

import names from 'virtual:captures';
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { captureName, chosen, shown } from '../state.js';
import { capture, filtered, openFile, openState, packet } from './client.js';
import { Fields } from './fields.js';
import { Hex } from './hex.js';
import { PacketList } from './list.js';
import './packets.css';
import { Why } from './why.js';

export default function Packets() {
  const matching = useSignal(false);
  if (capture.value === undefined) return <Welcome />;
  const now = packet.value;
  return (
    <div class="packets">
      <section class="pane packets-top" aria-label="Capture">
        <div class="pane-tools">
          <Opening />
          <Counts />
          <label class="check push">
            <input
              type="checkbox"
              checked={matching.value}
              onChange={({ currentTarget }) => {
                matching.value = currentTarget.checked;
              }}
            />
            only what matches
          </label>
        </div>
        <PacketList matching={matching} />
      </section>
      <section class="pane packets-bottom" aria-label="Packet">
        {now === undefined ? (
          <p class="notice">Choose a packet.</p>
        ) : (
          <>
            {filtered.value?.matched !== undefined && (
              <Why reason={now.reason} expression={shown.value?.expression ?? ''} />
            )}
            <div class="packet-parts">
              <Fields key={now.index} shown={now} />
              <Hex shown={now} />
            </div>
          </>
        )}
      </section>
    </div>
  );
}

/** Before a capture is open. */
function Welcome() {
  return (
    <section class="pane welcome" aria-label="Capture">
      <h2>Drop a capture here</h2>
      <p class="quiet">
        pcap or pcapng, also compressed with gzip, zstd or lz4. It stays in this page: nothing is sent
        anywhere.
      </p>
      <Opening />
    </section>
  );
}

/** How a capture is opened by keyboard. */
export function Opening() {
  const input = useRef<HTMLInputElement>(null);
  const { busy, problem } = openState.value;
  return (
    <div class="opening">
      <button type="button" onClick={() => input.current!.click()}>
        Open a file…
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="Capture file"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          if (file !== undefined) void openFile(file);
          currentTarget.value = '';
        }}
      />
      <label>
        <span class="sr">One of the project's captures</span>
        <select
          value={captureName.value}
          onChange={({ currentTarget }) => {
            chosen.value = 1;
            captureName.value = currentTarget.value;
          }}
        >
          <option value="">
            {capture.value === undefined ? 'or one of Weir’s captures' : 'Weir’s captures'}
          </option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {busy && <span class="quiet">reading…</span>}
      {problem !== '' && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

function Counts() {
  const { name, count, damage } = capture.value!;
  const now = filtered.value;
  return (
    <p class="counts" role="status">
      <span class="file">{name}</span>
      {now === undefined ? (
        <span class="quiet">filtering…</span>
      ) : now.matched === undefined ? (
        <span>
          <b>{count.toLocaleString('en')}</b> packets
          <span class="quiet"> · not filtered: the expression is wrong</span>
        </span>
      ) : (
        <span>
          <b>{now.matched.toLocaleString('en')}</b> of {count.toLocaleString('en')} match
          <span class="quiet"> · {now.milliseconds.toFixed(now.milliseconds < 10 ? 1 : 0)} ms</span>
        </span>
      )}
      {now !== undefined && now.problem !== '' && <span class="problem">{now.problem}</span>}
      {damage !== '' && <span class="problem">{damage}</span>}
    </p>
  );
}
