declare module 'virtual:captures' {
  /** Names of the project's own captures, which lie in `captures/` beside the page. */
  const names: readonly string[];
  export default names;
}
