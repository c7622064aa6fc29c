// The agents' pages: results as one types, keys, canned answers, and a queue that follows by itself.
(() => {
  document.documentElement.classList.add("fs-js");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  // --- Search: results while somebody types ---
  const find = one(".fs-find");
  const box = one("#find");
  const list = one("#found");
  const hint = one("#found-hint");
  let asked = 0;
  let timer;

  function show(results) {
    list.replaceChildren(
      ...results.map((result, place) => {
        const row = document.createElement("li");
        row.role = "option";
        row.id = `found-${place}`;
        row.ariaSelected = String(place === 0);
        const link = document.createElement("a");
        link.href = result.url;
        link.tabIndex = -1;
        const name = document.createElement("strong");
        name.textContent = result.label;
        const detail = document.createElement("span");
        detail.className = "fs-meta";
        detail.textContent = ` ${[result.detail, result.why, result.waits ? find.dataset.waits : ""].filter(Boolean).join(" · ")}`;
        link.append(name, detail);
        row.append(link);
        return row;
      }),
    );
    list.hidden = results.length === 0;
    box.ariaExpanded = String(results.length > 0);
    mark(0);
  }

  function mark(place) {
    const rows = all("li", list);
    rows.forEach((row, number) => {
      row.ariaSelected = String(number === place);
    });
    if (rows[place]) {
      box.setAttribute("aria-activedescendant", rows[place].id);
      rows[place].scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  }

  async function search() {
    const number = ++asked;
    const text = box.value.trim();
    if (!text) {
      hint.textContent = "";
      return show([]);
    }
    const answer = await fetch(`${find.dataset.findUrl}?q=${encodeURIComponent(text)}`, { credentials: "same-origin" });
    if (!answer.ok || number !== asked) return;
    const found = await answer.json();
    if (number !== asked) return;
    show(found.more ? [...found.results, found.more] : found.results);
    hint.textContent = found.hint;
  }

  if (find) {
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => search().catch(() => {}), 150);
    });
    box.addEventListener("keydown", (event) => {
      const rows = all("li", list);
      const place = rows.findIndex((row) => row.ariaSelected === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        mark(Math.min(rows.length - 1, Math.max(0, place + (event.key === "ArrowDown" ? 1 : -1))));
      } else if (event.key === "Enter" && !list.hidden && rows[place]) {
        event.preventDefault();
        one("a", rows[place]).click();
      } else if (event.key === "Escape") {
        show([]);
        box.blur();
      }
    });
    document.addEventListener("click", (event) => {
      if (!find.contains(event.target)) list.hidden = true;
    });
  }

  // --- Keys ---
  const keys = one(".fs-keys");
  one("[data-keys-button]")?.addEventListener("click", () => keys.showModal());
  const rows = () => all("[data-row]").filter((row) => one("[data-open]", row));

  function go(step) {
    const shown = rows();
    const here = shown.findIndex((row) => row.classList.contains("fs-here"));
    const next = shown[Math.min(shown.length - 1, Math.max(0, here + step))];
    if (!next) return;
    shown.forEach((row) => row.classList.toggle("fs-here", row === next));
    one("[data-open]", next).focus();
  }

  const actions = {
    "?": () => keys.showModal(),
    "/": () => box?.focus(),
    r: () => (one("#answer textarea") || one("#answer select"))?.focus(),
    n: () => one("#id_note")?.focus(),
    m: () => one("[data-macro]")?.focus(),
  };
  const inQueue = {
    j: () => go(1),
    k: () => go(-1),
    x: () => one(".fs-here input[type=checkbox]")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const types = target.matches("textarea, select, input:not([type=checkbox])") || target.isContentEditable;
    if (types && event.key === "Escape") target.blur();
    if (types || event.ctrlKey || event.metaKey || event.altKey || keys?.open) return;
    const action = (one("[data-queue]") && inQueue[event.key]) || actions[event.key];
    const button = /^[a-z]$/.test(event.key) && one(`[data-key="${event.key}"]`);
    if (!action && !button) return;
    event.preventDefault();
    // Other keys of the page, as the theme's search, do not see it.
    event.stopImmediatePropagation();
    if (action) action();
    else button.click();
  }, true);

  // --- Canned answers: chosen from the list, or by /name in the box; and what is still to fill in ---
  const canned = one("[data-canned]");
  const body = one("#answer #id_body");
  const preview = one("[data-preview]");
  const slash = one("#slash");
  const PLACE = /\{[a-z_]\w*\}/gi;

  function look() {
    const lacking = [...new Set(body.value.match(PLACE) || [])];
    const send = one("button[type=submit]", body.form);
    send.disabled = lacking.length > 0;
    preview.hidden = lacking.length === 0;
    if (!lacking.length) return preview.replaceChildren();
    const text = document.createElement("p");
    text.className = "fs-text";
    let from = 0;
    for (const place of body.value.matchAll(PLACE)) {
      const mark = document.createElement("mark");
      mark.textContent = place[0];
      text.append(body.value.slice(from, place.index), mark);
      from = place.index + place[0].length;
    }
    text.append(body.value.slice(from));
    const words = document.createElement("p");
    words.className = "fs-rejected";
    words.textContent = `${lacking.join(", ")}: ${preview.dataset.words}`;
    preview.replaceChildren(words, text);
  }

  function put(text) {
    body.value = text;
    hideSlash();
    look();
    body.focus();
  }

  function hideSlash() {
    slash.hidden = true;
    slash.replaceChildren();
    body.removeAttribute("aria-activedescendant");
  }

  function typedName() {
    return /(^|\s)\/([\w-]*)$/.exec(body.value.slice(0, body.selectionStart));
  }

  function choose(option) {
    const typed = typedName();
    const end = body.selectionStart;
    const start = typed ? typed.index + typed[1].length : end;
    put(body.value.slice(0, start) + option.dataset.text + body.value.slice(end));
  }

  function markSlash(place) {
    const shown = all("li", slash);
    shown.forEach((row, number) => {
      row.ariaSelected = String(number === place);
    });
    if (shown[place]) body.setAttribute("aria-activedescendant", shown[place].id);
  }

  function offer() {
    const typed = typedName();
    const options = typed
      ? all("option", canned).filter((each) => each.value && each.value.startsWith(typed[2])).slice(0, 8)
      : [];
    slash.replaceChildren(
      ...options.map((option, place) => {
        const row = document.createElement("li");
        row.role = "option";
        row.id = `slash-${place}`;
        row.textContent = option.textContent;
        row.addEventListener("mousedown", (event) => {
          event.preventDefault();
          choose(option);
        });
        row.option = option;
        return row;
      }),
    );
    slash.hidden = options.length === 0;
    markSlash(0);
  }

  if (body && preview) {
    body.setAttribute("aria-controls", "slash");
    look();
    body.addEventListener("input", look);
    for (const button of all("[data-insert]")) {
      button.addEventListener("click", () => {
        const sentence = one("[data-sentence]", button.parentElement).textContent;
        put(body.value.trim() ? `${body.value.trim()} ${sentence}` : sentence);
      });
    }
  } else for (const button of all("[data-insert]")) button.hidden = true;

  if (canned && body) {
    one("[data-canned-button]").hidden = true;
    canned.addEventListener("change", () => {
      const option = canned.selectedOptions[0];
      if (!option.value) return;
      put(body.value.trim() ? `${body.value.trim()} ${option.dataset.text}` : option.dataset.text);
      canned.value = "";
    });
    body.addEventListener("input", () => {
      const typed = /(^|\s)\/([\w-]+)\s$/.exec(body.value.slice(0, body.selectionStart));
      const option = typed && all("option", canned).find((each) => each.value === typed[2]);
      if (!option) return offer();
      const start = typed.index + typed[1].length;
      put(body.value.slice(0, start) + option.dataset.text + body.value.slice(body.selectionStart));
    });
    body.addEventListener("blur", hideSlash);
    body.addEventListener("keydown", (event) => {
      const shown = all("li", slash);
      const place = shown.findIndex((row) => row.ariaSelected === "true");
      if (slash.hidden || !shown.length) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        markSlash((place + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length);
      } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") {
        choose(shown[place].option);
      } else if (event.key === "Escape") hideSlash();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  // --- Macros: what the chosen one does, before it runs ---
  const macro = one("[data-macro]");
  if (macro) {
    const steps = one(".fs-macro-steps");
    const run = one("[data-macro-run]");
    const tell = () => {
      for (const part of all("[data-steps-of]")) part.hidden = Boolean(macro.value) && part.dataset.stepsOf !== macro.value;
      steps.open = Boolean(macro.value);
      run.disabled = !macro.value || Boolean(macro.selectedOptions[0].dataset.lacking);
    };
    macro.addEventListener("change", tell);
    tell();
  }

  // --- The newest message is at the bottom, also of what comes later ---
  const scrolled = one("[data-scrolled]");
  if (scrolled) {
    const down = () => {
      scrolled.scrollTop = scrolled.scrollHeight;
    };
    down();
    new MutationObserver(down).observe(scrolled, { childList: true, subtree: true });
  }

  // --- The queue follows by itself, but not under the hands of somebody who picks rooms ---
  const queue = one("[data-queue-url]");
  const picks = () => all('[data-row] input[name="room"]:checked');

  function place(fresh) {
    for (const part of fresh) {
      const shown = one(`[data-part="${part.dataset.part}"]`);
      if (!shown) continue;
      const held = shown.contains(document.activeElement) && document.activeElement.closest("[data-row]");
      const here = one(".fs-here", shown)?.dataset.row;
      if (shown.contains(document.activeElement) && !held) continue;
      const name = held && (document.activeElement.matches("input") ? "input" : "[data-open]");
      shown.replaceChildren(...part.childNodes);
      one(`[data-row="${here}"]`, shown)?.classList.add("fs-here");
      if (held) one(`[data-row="${held.dataset.row}"] ${name}`, shown)?.focus({ preventScroll: true });
    }
  }

  async function refresh() {
    if (document.hidden || picks().length) return;
    const answer = await fetch(queue.dataset.queueUrl, { credentials: "same-origin" });
    if (!answer.ok || picks().length) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    place(all("[data-part]", page));
  }

  if (queue) {
    setInterval(() => refresh().catch(() => {}), Number(queue.dataset.every || 15) * 1000);
    const told = one("[data-picked]");
    queue.addEventListener("change", (event) => {
      if (event.target.matches("[data-all]")) {
        for (const tick of all('[data-row] input[name="room"]')) tick.checked = event.target.checked;
      }
      if (told) told.textContent = picks().length ? `${picks().length} ${told.dataset.words}` : "";
    });
  }
  one("[data-focus]")?.focus();
})();
