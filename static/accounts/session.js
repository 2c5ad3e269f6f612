// Warn before the session ends, and give it more time when asked. Other windows of the same browser may have given it
// more meanwhile: the portal is asked again before anybody is alarmed. The page is never reloaded: it may hold typed text.
(() => {
  const WARN_BEFORE = 120;
  const FIRST_LOOK = 60;
  const warning = document.getElementById("session-warning");
  const form = warning.querySelector("form");
  let timer;

  function plan(seconds) {
    clearTimeout(timer);
    warning.hidden = true;
    timer = setTimeout(look, 1000 * Math.max(seconds - WARN_BEFORE, 0));
  }

  // The seconds left, 0 when the session is over, null when the portal does not answer.
  async function ask(options) {
    try {
      const response = await fetch(warning.dataset.address, { credentials: "same-origin", redirect: "manual", ...options });
      const json = (response.headers.get("Content-Type") || "").startsWith("application/json");
      return response.ok && json ? (await response.json()).seconds : 0;
    } catch {
      return null;
    }
  }

  function show(when) {
    for (const part of warning.querySelectorAll("[data-when]")) {
      part.hidden = part.dataset.when !== when;
    }
    warning.hidden = false;
    warning.focus();
  }

  async function look() {
    const seconds = await ask({ headers: { "HX-Request": "true" } });
    if (seconds === null) {
      timer = setTimeout(look, 10000);
    } else if (seconds > WARN_BEFORE) {
      plan(seconds);
    } else if (seconds > 0) {
      show("warned");
      timer = setTimeout(look, 1000 * (seconds + 1));
    } else {
      show("over");
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const seconds = await ask({ method: "POST", body: new FormData(form) });
    if (seconds) {
      plan(seconds);
      document.getElementById("content").focus();
    } else if (seconds === 0) {
      show("over");
    }
  });

  // The clocks of browser and portal may disagree: after a minute at most, the portal is asked.
  const left = Number(warning.dataset.ends) - Date.now() / 1000;
  plan(Math.min(left, WARN_BEFORE + FIRST_LOOK));
})();
