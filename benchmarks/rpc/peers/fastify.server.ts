import fastify from "fastify";
import { serverPort } from "../../lib/client-main.ts";

const schema = { type: "object", properties: { message: { type: "string" } } };
const app = fastify();
app.post<{ Body: { message: string } }>(
  "/echo.EchoService/Echo",
  { schema: { body: schema, response: { 200: schema } } },
  async (request) => ({ message: request.body.message }),
);
await app.listen({ port: serverPort(), host: "127.0.0.1" });
console.log("ready");
