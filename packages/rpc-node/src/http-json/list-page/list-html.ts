import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Html, html } from "./escape-html.ts";
import type { ListWords } from "./list-words.ts";
import { requestSkeleton } from "./request-skeleton.ts";
import { typeHtml } from "./type-html.ts";

/** The mark of the console, as in apps/console/src/ui/brand-mark.tsx. */
export const brandMark =
  '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><rect width="20" height="20" rx="4.5" fill="#3a47c4"/><path d="M4.5 14V7.2l5.5 5 5.5-5V14" fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/><circle cx="4.5" cy="6" r="1.5" fill="#fff"/><circle cx="15.5" cy="6" r="1.5" fill="#fff"/></svg>';

/** The whole page. @param serviceName `L1.L2`, or "" where the listener has no name */
export function listHtml(services: readonly DescService[], serviceName: string, words: ListWords): string {
  const title = serviceName === "" ? words.title : `${serviceName} · ${words.title}`;
  const { text } = html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="/list/icon.svg">
<link rel="stylesheet" href="/list/page.css">
<script src="/list/page.js" defer></script>
</head>
<body data-calling="${words.calling}" data-call="${words.call}" data-copy="${words.copy}" data-copied="${words.copied}" data-not-json="${words.notJson}" data-failed="${words.failed}" data-cut="${words.cut}">
<header>${new Html(brandMark)}<strong>msec</strong>${serviceName !== "" && html`<code class="service">${serviceName}</code>`}<code class="origin"></code></header>
<div class="columns">
<nav aria-label="${words.methods}">${services.map(navigation)}</nav>
<main>
<h1>${words.title}</h1>
<p class="lead">${services.length === 0 ? words.none : words.lead}</p>
<noscript><p class="notice">${words.noScript}</p></noscript>
${services.map((service) => serviceHtml(service, words))}
</main>
</div>
</body>
</html>
`;
  return text;
}

function navigation(service: DescService): Html {
  return html`<h2 title="${service.typeName}">${service.typeName}</h2><ul>${service.methods.map(
    (method) => html`<li><a href="#${fullName(method)}">${method.name}</a></li>`,
  )}</ul>`;
}

function serviceHtml(service: DescService, words: ListWords): Html {
  return html`<section><h2>${service.typeName}</h2>${service.methods.map((method) => methodHtml(method, words))}</section>`;
}

function methodHtml(method: DescMethod, words: ListWords): Html {
  const name = fullName(method);
  return html`<article id="${name}">
<h3><code>${method.name}</code>${effects(method, words)}${
    method.methodKind !== "unary" && html`<span class="label">${method.methodKind.replaceAll("_", " ")}</span>`
  }${method.deprecated && html`<span class="label warn">${words.deprecated}</span>`}</h3>
<div class="halves">
${method.methodKind === "unary" ? formHtml(name, method, words) : html`<p class="notice">${words.streaming}</p>`}
<div class="types">
<h4>${words.request} <code>${method.input.typeName}</code></h4>${typeHtml(method.input, words)}
<h4>${words.response} <code>${method.output.typeName}</code></h4>${typeHtml(method.output, words)}
</div>
</div>
</article>`;
}

function formHtml(name: string, method: DescMethod, words: ListWords): Html {
  const skeleton = requestSkeleton(method.input);
  const rows = Math.min(24, Math.max(4, skeleton.split("\n").length));
  // The line break after <textarea> is not part of its text (HTML, 13.1.2.5), a further one would be.
  return html`<form data-method="${name}" autocomplete="off">
<label><span class="caption">${words.body}</span><textarea name="body" rows="${rows}" spellcheck="false" autocapitalize="off">
${skeleton}</textarea></label>
<div class="actions"><button type="submit">${words.call}</button><button type="reset" class="plain">${words.reset}</button><span class="quiet keys">${words.keys}</span></div>
<div class="answer" hidden aria-live="polite">
<div class="caption">${words.answer}</div>
<dl><div><dt>ret</dt><dd class="ret"></dd></div><div><dt>${words.duration}</dt><dd class="took"></dd></div><div class="wide"><dt>${words.requestId}</dt><dd><code class="id"></code></dd></div></dl>
<pre class="result" tabindex="0"></pre>
</div>
<details class="curl"><summary>${words.curl}</summary><div class="command"><pre tabindex="0">curl -sS '/?methodName=${name}' --data-raw '${skeleton}'</pre><button type="button" class="plain copy">${words.copy}</button></div></details>
</form>`;
}

function effects(method: DescMethod, words: ListWords): Html {
  switch (method.idempotency) {
    case MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS:
      return html`<span class="label good">${words.noSideEffects}</span>`;
    case MethodOptions_IdempotencyLevel.IDEMPOTENT:
      return html`<span class="label good">${words.idempotent}</span>`;
    default:
      return html`<span class="label">${words.unknownEffects}</span>`;
  }
}

function fullName(method: DescMethod): string {
  return `${method.parent.typeName}.${method.name}`;
}
