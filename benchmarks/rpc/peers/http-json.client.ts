import { Client } from "undici";
import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";

const body = JSON.stringify({ message: Buffer.from(PAYLOAD).toString("base64") });

await clientMain(async (port) => {
  const client = new Client(`http://127.0.0.1:${port}`, { pipelining: 64 });
  return {
    async call() {
      const response = await client.request({
        path: "/?methodName=echo.EchoService.Echo",
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        idempotent: true,
      });
      const answer = (await response.body.json()) as { resultObj: { message: string } };
      assertEcho(Buffer.from(answer.resultObj.message, "base64").length);
    },
    close: () => client.destroy(),
  };
});
