// Runs before the first paint, so that a remembered theme does not flash. A file, not an inline script: the content
// security policy allows none. The key and its values belong to src/lib/preferences.ts.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("msec.theme");
  } catch {
    // Storage is blocked: the system's theme it is.
  }
  const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
