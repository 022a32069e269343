/** Connect's alphabet is that of URLs; the other one, and padding, is read as well. */
const base64 = /^[\w+/-]*={0,2}$/;

/**
 * What is wrong with the query of a Connect GET, where connect-node would take what is missing for empty, or fail by itself.
 *
 * @param query  as it stands in the URL, without its question mark
 * @returns in words; `undefined` where nothing is
 * @see https://connectrpc.com/docs/protocol#unary-get-request
 */
export function faultOfGet(query: string): string | undefined {
  const values = new URLSearchParams(query);
  const encoding = values.get("encoding");
  const message = values.get("message");
  if (encoding !== "json" && encoding !== "proto") {
    const found = encoding === null ? "there is none" : `found ${JSON.stringify(encoding.slice(0, 40))}`;
    return `a GET needs encoding=json or encoding=proto in its query, ${found}`;
  }
  if (message === null) {
    return "a GET needs message=… in its query, the request; there is none";
  }
  const isBase64 = values.get("base64") === "1";
  if (isBase64 && !(base64.test(message) && message.replace(/=+$/, "").length % 4 !== 1)) {
    return "the query says base64=1, and its message is not base64";
  }
  return undefined;
}
