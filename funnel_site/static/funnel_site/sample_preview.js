/* The preview of a sample file without leaving the form, so that the chosen file stays chosen.

Without this script the same button posts the form and the page comes back with the preview. */
(() => {
  const button = document.querySelector("button[name=_preview]");
  if (!button) return;
  const form = button.form;
  const place = document.getElementById("fs-preview");
  const showPreview = async () => {
    const body = new FormData(form);
    body.append("_preview", "1");
    const answer = await fetch(window.location.href, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const made = page.getElementById("fs-preview");
    if (!answer.ok || !made) throw new Error(String(answer.status));
    place.replaceChildren(...made.childNodes);
    place.scrollIntoView({ block: "nearest" });
  };
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    place.setAttribute("aria-busy", "true");
    try {
      await showPreview();
    } catch {
      place.textContent = place.dataset.lost;
    }
    place.removeAttribute("aria-busy");
  });
})();
