// The script of /list: calls methods and shows what comes. Words come from the page; whatever comes from a service is set as text.
const words = document.body.dataset;
const maxShownCharacters = 1_000_000;

document.querySelector(".origin").textContent = location.host;

for (const form of document.querySelectorAll("form[data-method]")) {
  setUp(form);
}

function setUp(form) {
  const find = (selector) => form.querySelector(selector);
  const body = form.elements.body;
  const command = find(".command pre");
  const showCommand = () => {
    command.textContent = curlOf(form.dataset.method, body.value);
  };
  showCommand();
  body.addEventListener("input", () => {
    body.removeAttribute("aria-invalid");
    showCommand();
  });
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("reset", () => {
    find(".answer").hidden = true;
    body.removeAttribute("aria-invalid");
    // The text is the old one until the event is over.
    setTimeout(showCommand);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void call(form, body);
  });
  find(".copy").addEventListener("click", (event) => void copy(event.currentTarget, command));
}

async function call(form, body) {
  const find = (selector) => form.querySelector(selector);
  const button = find("button[type=submit]");
  if (button.disabled) {
    return;
  }
  try {
    JSON.parse(body.value);
  } catch (error) {
    body.setAttribute("aria-invalid", "true");
    show(form, { ret: "–", ok: false, text: words.notJson + error.message });
    return;
  }
  button.disabled = true;
  button.textContent = words.calling;
  const startedMs = performance.now();
  try {
    const response = await fetch(urlOf(form.dataset.method), { method: "POST", body: body.value, cache: "no-store" });
    const text = await response.text();
    show(form, { ...answerOf(response, text), tookMs: performance.now() - startedMs });
  } catch (error) {
    show(form, { ret: "–", ok: false, text: words.failed + error.message, tookMs: performance.now() - startedMs });
  } finally {
    button.disabled = false;
    button.textContent = words.call;
  }
}

function answerOf(response, text) {
  const id = response.headers.get("msec-request-id") ?? "";
  const code = response.headers.get("msec-code") ?? "";
  try {
    const answer = JSON.parse(text);
    const ok = answer.ret === 0;
    const shown = ok ? JSON.stringify(answer.resultObj, undefined, 2) : answer.errmsg;
    return { ret: ok ? "0" : `${answer.ret} ${code}`, ok, text: shown, id };
  } catch {
    return { ret: `HTTP ${response.status}`, ok: false, text, id };
  }
}

function show(form, { ret, ok, text, id = "", tookMs }) {
  const find = (selector) => form.querySelector(selector);
  const answer = find(".answer");
  answer.hidden = false;
  answer.classList.toggle("failed", !ok);
  find(".ret").textContent = ret;
  find(".took").textContent = tookMs === undefined ? "–" : `${tookMs.toFixed(1)} ms`;
  find(".id").textContent = id || "–";
  const shown = String(text);
  find(".result").textContent =
    shown.length > maxShownCharacters ? `${shown.slice(0, maxShownCharacters)}\n${words.cut}` : shown;
}

async function copy(button, command) {
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = words.copied;
    setTimeout(() => {
      button.textContent = words.copy;
    }, 1500);
  } catch {
    // A page of plain HTTP from another host has no clipboard: the text is marked, for Ctrl + C.
    getSelection().selectAllChildren(command);
  }
}

function urlOf(method) {
  return `/?methodName=${encodeURIComponent(method)}`;
}

function curlOf(method, body) {
  return `curl -sS ${quote(location.origin + urlOf(method))} \\\n  --data-raw ${quote(body)}`;
}

// For POSIX shells: inside single quotes everything is itself, but a single quote.
function quote(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
