// Takes the preview, whose first child this is, away once Streamlit has drawn what it stands for, or shows something else.
(() => {
  const preview = document.currentScript.parentElement;
  let theme = null;
  try { theme = JSON.parse(localStorage.getItem("stActiveTheme-/-v2")); } catch { /* of another version of Streamlit */ }
  const dark = theme === "Dark" || (theme !== "Light" && matchMedia("(prefers-color-scheme: dark)").matches);
  preview.dataset.theme = dark ? "dark" : "light";

  const plain = query => new URLSearchParams(query).toString();
  const same = () => location.pathname === "/" && plain(location.search) === plain(preview.dataset.asked);
  const seen = selector => [...document.querySelectorAll(selector)].filter(node => node.getClientRects().length).length;
  const idle = () => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
  const drawn = () => {
    const cards = seen("#root .il-card");
    return cards > 0 && (idle() || cards >= preview.querySelectorAll(".il-card").length)
      || seen("#root :is(.il-notice, [data-testid=stException]), [role=dialog]") > 0;
  };
  const remove = () => {
    watch.disconnect();
    const main = document.querySelector("[data-testid=stMain]");
    if (main !== null && preview.scrollTop > 0) main.scrollTop = preview.scrollTop;
    preview.remove();
  };
  let waiting = null;
  const look = () => {
    if (!same() || drawn()) return remove();
    if (idle()) waiting ??= setTimeout(() => idle() && remove(), 2000); // a page without any of these
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { attributeFilter: ["data-test-script-state"], childList: true, subtree: true });
  preview.tabIndex = -1;
  preview.focus({ preventScroll: true }); // so that keys scroll it
  look();
})();
