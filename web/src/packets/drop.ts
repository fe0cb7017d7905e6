/** A capture may be dropped anywhere on the page. */

import { part } from '../state.js';

export function acceptDrops(): void {
  addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) document.body.classList.remove('dropping');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dropping');
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    if (part.peek() === 'ebpf' && /\.(o|elf)$/.test(file.name)) {
      void import('../lab/lab.js').then(({ openObject }) => openObject(file));
      return;
    }
    if (part.peek() === 'program' || part.peek() === 'ask') part.value = 'packets';
    void import('./client.js').then(({ openFile }) => openFile(file));
  });
}
