/** Keeps the page for when there is no network, once it stands: {@link file://../offline.js}. */

/** Milliseconds that what is looked at has the network for itself. */
const LATER = 1500;

export function keepForOffline(): void {
  const { serviceWorker } = navigator;
  // Where pages may not be kept, as without encryption, there is none.
  if (serviceWorker === undefined) return;
  setTimeout(() => {
    serviceWorker.register('./offline.js').catch(() => {});
  }, LATER);
}
