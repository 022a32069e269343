import { createMemoryHistory } from "@tanstack/react-router";
import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { createConsole } from "../../create-console.tsx";
import { createFixtureTransport } from "../../fixtures/fixture-transport.ts";
import { flight } from "../../fixtures/flight.ts";
import { startI18n, switchLanguage } from "../../lib/i18n.ts";

beforeAll(() => startI18n("en"));
afterEach(() => switchLanguage("en"));

function open(address: string) {
  const history = createMemoryHistory({ initialEntries: [address] });
  const { element, router, queryClient } = createConsole(createFixtureTransport(flight), history);
  const { container, unmount } = render(element);
  return {
    router,
    container,
    close() {
      unmount();
      queryClient.clear();
    },
  };
}

/** A chart that has been drawn: until then it does not hear keys. */
async function findChart(name: string | RegExp) {
  const plot = await screen.findByRole("slider", { name });
  await waitFor(() => expect(plot.querySelector("canvas")).not.toBeNull());
  return plot;
}

async function expectAccessible(container: HTMLElement) {
  const { violations } = await axe.run(container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
}

test("the monitor page has a chart for each attribute; usr, sys and frm choose a family; all of it is in the address", async () => {
  const page = open("/monitor?service=Flight.mod_flight");
  await screen.findByRole("figure", { name: "frm.process.cpu_percent" });
  const before = screen.getAllByRole("figure").length;
  await expectAccessible(page.container);
  fireEvent.click(screen.getByRole("button", { name: "sys" }));
  await waitFor(() =>
    expect(page.router.state.location.search).toEqual({ service: "Flight.mod_flight", names: "^sys.*$" }),
  );
  await waitFor(() => expect(screen.queryByRole("figure", { name: "frm.process.cpu_percent" })).toBeNull());
  expect(screen.getAllByRole("figure").length).toBeLessThan(before);
  page.close();
});

test("the values of an attribute are a table with sum, greatest, least and mean", async () => {
  const page = open("/monitor?range=24h");
  const card = await screen.findByRole("figure", { name: "sys.udp.errors" });
  fireEvent.click(within(card).getByRole("button", { name: "Values" }));
  await waitFor(() => expect(page.router.state.location.search).toEqual({ range: "24h", table: "sys.udp.errors" }));
  const summary = await screen.findByRole("table", { name: "Sums" });
  const headings = within(summary).getAllByRole("columnheader");
  expect(headings.map(({ textContent }) => textContent)).toEqual(["Of", "Sum", "Greatest", "Least", "Mean"]);
  expect(within(screen.getByRole("table", { name: "Values" })).getAllByRole("row").length).toBe(501);
  page.close();
});

test("the values of a page that compares have the day before and the difference beside them", async () => {
  const page = open("/monitor?table=sys.udp.errors&vs=1");
  const values = await screen.findByRole("table", { name: "Values" });
  await waitFor(() => expect(within(values).getAllByRole("columnheader").length).toBe(4));
  const heads = within(values)
    .getAllByRole("columnheader")
    .map((cell) => cell.textContent);
  expect(heads.slice(2)).toEqual(["the day before", "Difference"]);
  const rows = within(screen.getByRole("table", { name: "Sums" })).getAllByRole("row");
  expect(rows.map((row) => row.firstElementChild?.textContent).slice(2)).toEqual(["the day before", "Difference"]);
  expect(rows[3]!.textContent).toMatch(/Difference(0|[+−]|–)/);
  page.close();
});

test("by instance there is a chart for each instance of the one attribute", async () => {
  const page = open("/monitor?names=sys.udp.errors&split=instance");
  await waitFor(() =>
    expect(screen.getAllByRole("figure", { name: /^sys\.udp\.errors .+/ }).length).toBeGreaterThan(1),
  );
  page.close();
});

test("a chart is one stop of the Tab key: arrow keys lead to its legend and its links, and back", async () => {
  const page = open("/monitor?names=sys.udp.errors");
  const card = await screen.findByRole("figure", { name: "sys.udp.errors" });
  const plot = await findChart("sys.udp.errors");
  const stops = [...card.querySelectorAll<HTMLElement>("button, a[href], [tabindex]")].filter(
    ({ tabIndex }) => tabIndex >= 0,
  );
  expect(stops).toEqual([plot]);
  expect(plot.getAttribute("aria-valuetext")).toMatch(/^\d\d:\d\d.*All together/);
  plot.focus();
  const press = (key: string) => fireEvent.keyDown(document.activeElement!, { key });
  press("ArrowDown");
  expect(document.activeElement?.textContent).toBe("By instance");
  press("ArrowRight");
  expect(document.activeElement?.textContent).toBe("Values");
  press("ArrowUp");
  expect(document.activeElement).toBe(plot);
  page.close();
});

test("a range of one's own stands in the address; Shift, arrow keys and Enter choose a part of it", async () => {
  const until = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
  const page = open(`/monitor?names=sys.udp.errors&from=${until - 7_200_000}&until=${until}`);
  const plot = await findChart("sys.udp.errors");
  expect(screen.getByRole("radio", { name: "Custom" })).toHaveProperty("checked", true);
  for (const key of ["End", "ArrowLeft"]) fireEvent.keyDown(plot, { key });
  for (let i = 0; i < 12; i++) fireEvent.keyDown(plot, { key: "ArrowLeft", shiftKey: true });
  fireEvent.keyDown(plot, { key: "Enter" });
  await waitFor(() => expect(page.router.state.location.search).not.toHaveProperty("until", until));
  const search = page.router.state.location.search as { from: number; until: number };
  expect(search.until - search.from).toBe(120_000);
  page.close();
});

test("Enter on a point of a latency curve opens the slowest requests of its minute, of that method and instance alone", async () => {
  const page = open("/services/Flight.mod_flight/curves?range=15m&split=true");
  const plot = await findChart(/^Latency of Flight.mod_flight/);
  fireEvent.keyDown(plot, { key: "Enter" });
  await waitFor(() => expect(page.router.state.location.pathname).toBe("/requests"));
  const { from, to, ...conditions } = page.router.state.location.search as { from: number; to: number };
  expect(to - from).toBe(60_000);
  expect(conditions).toEqual({
    service: "Flight.mod_flight",
    method: expect.stringMatching(/^flight\./),
    instance: expect.stringMatching(/^[\d.]+:\d+$/),
    order: "slowest",
  });
  page.close();
});

test("retention is changed by kind, and what cannot be is refused before it is sent", async () => {
  const page = open("/monitor/retention");
  const days = await screen.findByRole("textbox", { name: "Log lines Days" });
  await expectAccessible(page.container);
  const save = screen.getByRole("button", { name: "Save" }) as HTMLButtonElement;
  fireEvent.change(days, { target: { value: "900" } });
  expect(save.disabled).toBe(true);
  fireEvent.change(days, { target: { value: "14" } });
  fireEvent.click(save);
  await screen.findByText("Saved and applied.");
  await waitFor(() =>
    expect((screen.getByRole("textbox", { name: "Log lines Days" }) as HTMLInputElement).value).toBe("14"),
  );
  page.close();
});

test("what is typed and not saved stays when the language changes", async () => {
  const page = open("/monitor/retention");
  fireEvent.change(await screen.findByRole("textbox", { name: "Log lines Days" }), { target: { value: "14" } });
  await act(() => switchLanguage("zh"));
  const days = (await screen.findByRole("textbox", { name: "日志 天数" })) as HTMLInputElement;
  expect(days.value).toBe("14");
  page.close();
});

test("the curves of a service can be those of the calls that it makes, of its edges, compared with a day before", async () => {
  const page = open("/services/Flight.mod_flight/curves?range=1h&side=made&vs=1");
  await screen.findByRole("radio", { name: "Calls it makes", checked: true });
  expect(page.router.state.location.search).toEqual({ range: "1h", side: "made", vs: 1 });
  page.close();
});
