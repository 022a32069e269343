import { Client } from "undici";
import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";

const body = JSON.stringify({ message: PAYLOAD });

await clientMain(async (port) => {
  const client = new Client(`http://127.0.0.1:${port}`, { pipelining: 64 });
  return {
    async call() {
      const response = await client.request({
        path: "/echo.EchoService/Echo",
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        idempotent: true,
      });
      assertEcho(((await response.body.json()) as { message: string }).message.length);
    },
    close: () => client.destroy(),
  };
});
