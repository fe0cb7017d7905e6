/** Runs the program over the open capture and counts what it returns. */

import { useSignal } from '@preact/signals';
import { ask, capture } from '../packets/client.js';
import { Opening } from '../packets/packets.js';
import type { ProgramRequest, Ran } from './protocol.js';

interface OnCaptureProps {
  readonly request: () => ProgramRequest;
  readonly accepted: boolean;
}

export function OnCapture({ request, accepted }: OnCaptureProps) {
  const ran = useSignal<Ran | undefined>(undefined);
  const now = ran.value;
  const open = capture.value;
  return (
    <section class="on-capture" aria-label="On the capture">
      <div class="opening">
        <button
          type="button"
          class="primary"
          disabled={open === undefined || !accepted}
          onClick={() => void ask('run', request()).then((given) => (ran.value = given))}
        >
          Run on the capture
        </button>
        <Opening />
        {open !== undefined && (
          <span class="quiet">
            {open.name}, {open.count.toLocaleString('en')} packets
          </span>
        )}
      </div>
      {now !== undefined && (
        <div role="status">
          {now.problem !== '' && <p class="problem">{now.problem}</p>}
          <table>
            <tbody>
              {now.counts.map(({ verdict, packets }) => (
                <tr key={verdict}>
                  <th scope="row">{verdict}</th>
                  <td>{packets.toLocaleString('en')}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {now.maps !== '' && <pre>{now.maps}</pre>}
        </div>
      )}
    </section>
  );
}
