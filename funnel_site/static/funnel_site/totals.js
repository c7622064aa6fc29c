// Puts the totals that were asked for into the place of the link; without scripts it is a page.
(() => {
  const box = document.querySelector("[data-totals]");
  const link = box && box.querySelector("a");
  if (!link) return;
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const totals = page.querySelector("[data-totals]");
      if (!answer.ok || !totals) throw new Error("no totals");
      box.replaceWith(...totals.children);
    } catch {
      location.assign(link.href);
    }
  });
})();
