let onlyMonitors = false;

/** Note what the server behind this console does; titles of pages follow. */
export function setOnlyMonitors(only: boolean): void {
  onlyMonitors = only;
}

/** `msec`, or `msec monitor`: what stands behind the page in the browser's tab. */
export function productName(): string {
  return onlyMonitors ? "msec monitor" : "msec";
}
