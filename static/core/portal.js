// Where htmx could not reach the portal, say so: what was typed is still in the page.
document.addEventListener("htmx:sendError", () => announce("offline"));
document.addEventListener("htmx:responseError", () => announce("failed"));

function announce(kind) {
  const live = document.getElementById("live");
  const french = document.documentElement.lang === "fr";
  const words = {
    offline: french
      ? "Le portail ne répond pas. Votre saisie est conservée dans la page ; réessayez dans un instant."
      : "The portal does not answer. What you typed is kept in the page; try again in a moment.",
    failed: french
      ? "L'enregistrement n'a pas abouti. Votre saisie est conservée dans la page."
      : "Saving did not succeed. What you typed is kept in the page.",
  };
  live.textContent = words[kind];
  live.classList.remove("fr-sr-only");
  live.classList.add("fr-container", "fr-message", "fr-message--error");
}
