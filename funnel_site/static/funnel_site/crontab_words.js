// Under a task's crontab: what it means in words.
{
  const words = JSON.parse(document.getElementById("readable-crontabs").textContent);
  const choice = document.getElementById("id_crontab");
  const meaning = document.createElement("div");
  meaning.setAttribute("aria-live", "polite");
  const show = () => { meaning.textContent = words[choice.value] ?? ""; };
  if (choice) {
    choice.closest(".field-crontab")?.append(meaning);
    choice.addEventListener("change", show);
    show();
  }
  document.querySelector(".field-crontab_translation")?.setAttribute("hidden", "");
}
