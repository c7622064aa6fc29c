// Names for what the theme leaves without one: the date and the time of a moment, a search box.
// After the scripts that wait for the same event.
addEventListener("load", () => setTimeout(() => {
  for (const field of document.querySelectorAll(".vDateField, .vTimeField")) {
    if (field.labels.length || field.getAttribute("aria-label")) continue;
    const row = field.closest("fieldset, .form-row, .field-row");
    const name = row?.querySelector("legend, label")?.textContent.trim() || field.name;
    field.setAttribute("aria-label", name);
  }
  for (const box of document.querySelectorAll(".select2-container")) {
    const label = box.previousElementSibling?.labels?.[0];
    if (!label) continue;
    const search = box.querySelector(".select2-search__field");
    search?.setAttribute("aria-label", label.textContent.trim());
    label.id ||= `label-${label.htmlFor}`;
    for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
      const value = box.querySelector(".select2-selection__rendered")?.id ?? "";
      part.setAttribute("aria-labelledby", `${label.id} ${value}`.trim());
    }
  }
  for (const mark of document.querySelectorAll(".help-tooltip[aria-label]")) mark.setAttribute("role", "img");
}));
