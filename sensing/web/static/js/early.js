// Runs before the first paint, so that no page flashes in the wrong colours. The only script that is not a module.
(() => {
  let theme = "", language = "";
  try {
    theme = localStorage.getItem("theme") || "";
    language = localStorage.getItem("language") || "";
  } catch { /* storage is closed to us: the system's colours will do */ }
  const root = document.documentElement;
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  if (!language) language = (navigator.language || "zh").toLowerCase().startsWith("en") ? "en" : "zh";
  root.lang = language === "en" ? "en" : "zh-CN";
  root.dataset.language = language === "en" ? "en" : "zh";
})();
