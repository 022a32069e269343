import http from "node:http";
import { serverPort } from "../../lib/client-main.ts";

// What HTTP with JSON costs in Node without any framework: read the body, parse, answer in the original's shape.
http
  .createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { message } = JSON.parse(Buffer.concat(chunks).toString()) as { message: string };
      const body = JSON.stringify({ ret: 0, errmsg: "", resultObj: { message } });
      response.writeHead(200, {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(body),
      });
      response.end(body);
    });
  })
  .listen(serverPort(), "127.0.0.1", () => console.log("ready"));
