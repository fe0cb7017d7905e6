declare module 'virtual:captures' {
  /** Names of the project's own captures, which lie in `captures/` beside the page. */
  const names: readonly string[];
  export default names;
}

interface ImportMeta {
  /** Of the build: `site` for any host, `package` for `weir playground`. */
  readonly env: { readonly MODE: string };
}
