// What is typed stays in this tab until the portal has saved it: a session that ended, a portal that does not answer or a
// closed laptop lose nothing. It is offered again on the same page, to the same person, and forgotten once saved.
(() => {
  const form = document.getElementById("page-form");
  const offer = document.getElementById("kept-typing");
  if (!form || !offer) return;
  const place = `typed:${form.dataset.person}:${location.pathname}`;
  const OWN = new Set(["csrfmiddlewaretoken", "version", "tree"]);

  function typed() {
    return [...new FormData(form)].filter(([name, value]) => !OWN.has(name) && typeof value === "string");
  }

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(place) || "null");
    } catch {
      return null;
    }
  }

  function forget() {
    sessionStorage.removeItem(place);
    offer.hidden = true;
  }

  function putBack(pairs) {
    for (const field of form.elements) {
      if (!field.name || OWN.has(field.name) || field.type === "submit" || field.type === "hidden") continue;
      const values = pairs.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
    }
    offer.hidden = true;
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  form.addEventListener("input", () => sessionStorage.setItem(place, JSON.stringify(typed())));
  form.addEventListener("change", () => sessionStorage.setItem(place, JSON.stringify(typed())));
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === form && event.detail.xhr.status === 200) forget();
  });

  const before = kept();
  if (before && JSON.stringify(before) !== JSON.stringify(typed())) {
    offer.hidden = false;
    offer.querySelector("[data-do=put-back]").addEventListener("click", () => putBack(before));
    offer.querySelector("[data-do=forget]").addEventListener("click", forget);
  } else {
    forget();
  }
})();
