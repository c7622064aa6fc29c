// Draws the preview anew while a form is being filled in. Without scripts its button does the same.
(() => {
  const form = document.querySelector("form[data-preview-url]");
  const shown = document.querySelector("[data-preview]");
  if (!form || !shown) return;
  let timer = 0;
  let latest = 0;

  async function draw() {
    const round = ++latest;
    const answer = await fetch(form.dataset.previewUrl, {
      method: "POST",
      body: new FormData(form),
      credentials: "same-origin",
    });
    // An answer that was overtaken by a later one is not shown.
    if (!answer.ok || round !== latest) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    shown.replaceChildren(...page.body.childNodes);
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => draw().catch(() => {}), 300);
  });
})();
