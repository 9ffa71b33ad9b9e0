// Takes the preview, whose first child this is, away once Streamlit has drawn the same passages or has something to say.
(() => {
  const preview = document.currentScript.parentElement;
  let theme = null;
  try { theme = JSON.parse(localStorage.getItem("stActiveTheme-/-v2")); } catch { /* of another version of Streamlit */ }
  const dark = theme === "Dark" || (theme !== "Light" && matchMedia("(prefers-color-scheme: dark)").matches);
  preview.dataset.theme = dark ? "dark" : "light";

  const seen = selector => [...document.querySelectorAll(selector)].filter(node => node.getClientRects().length).length;
  const drawn = () => {
    if (seen("#root :is(.il-notice, [data-testid=stException]), [role=dialog]")) return true;
    const cards = seen("#root .il-card");
    const idle = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
    return cards > 0 && (idle || cards >= preview.querySelectorAll(".il-card").length);
  };
  const look = () => {
    if (!drawn()) return;
    watch.disconnect();
    const main = document.querySelector("[data-testid=stMain]");
    if (main !== null) main.scrollTop = preview.scrollTop;
    preview.remove();
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { attributeFilter: ["data-test-script-state"], childList: true, subtree: true });
  look();
})();
