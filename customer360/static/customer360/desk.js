// The agents' pages: results as one types, keys, canned answers, and a queue that follows by itself.
(() => {
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
        detail.textContent = ` ${[result.detail, result.why, result.waits ? "waits for an answer" : ""].filter(Boolean).join(" · ")}`;
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
    show(found.results);
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

  // --- Canned answers: chosen from the list, or by /name in the box ---
  const canned = one("[data-canned]");
  const body = one("#answer #id_body");
  const lacking = one("[data-lacking-notice]");

  function put(option, text) {
    body.value = text;
    lacking.textContent = option.dataset.lacking ? `Fill in ${option.dataset.lacking} before you send it.` : "";
    body.focus();
  }

  if (canned && body) {
    canned.addEventListener("change", () => {
      const option = canned.selectedOptions[0];
      if (!option.value) return;
      put(option, body.value.trim() ? `${body.value.trim()} ${option.dataset.text}` : option.dataset.text);
      canned.value = "";
    });
    body.addEventListener("input", () => {
      const typed = /(^|\s)\/([\w-]+)\s$/.exec(body.value);
      const option = typed && all("option", canned).find((each) => each.value === typed[2]);
      if (option) put(option, body.value.slice(0, typed.index) + typed[1] + option.dataset.text);
      else if (!/\{\w+\}/.test(body.value)) lacking.textContent = "";
    });
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
  async function refresh() {
    if (document.hidden || one("[data-row] input:checked") || one(".fs-here")) return;
    const answer = await fetch(queue.dataset.queueUrl, { credentials: "same-origin" });
    if (!answer.ok || one("[data-row] input:checked") || one(".fs-here")) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of all("[data-part]", page)) {
      const shown = one(`[data-part="${fresh.dataset.part}"]`);
      if (shown && !shown.contains(document.activeElement)) shown.replaceChildren(...fresh.childNodes);
    }
  }
  if (queue) {
    setInterval(() => refresh().catch(() => {}), 15000);
    one("[data-all]")?.addEventListener("change", (event) => {
      all('[data-row] input[name="room"]').forEach((tick) => {
        tick.checked = event.target.checked;
      });
    });
  }
})();
