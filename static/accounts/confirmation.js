// A field for a one-time code may be answered by a passkey instead: the browser's answer takes the place of the code.
// The file may stand several times in a page: each place is made ready once.
for (const place of document.querySelectorAll("[data-confirmation][hidden]")) {
  const [button, problem] = [place.querySelector("button"), place.querySelector("p")];
  const field = place.parentElement.querySelector("input");
  const form = field.form;
  place.hidden = false;

  button.addEventListener("click", async () => {
    problem.hidden = true;
    try {
      field.removeAttribute("maxlength");
      field.type = "hidden";
      field.value = JSON.stringify(await answered());
      form.requestSubmit();
    } catch {
      field.value = "";
      field.type = "text";
      problem.hidden = false;
    }
  });

  async function answered() {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.set("action", place.dataset.confirmation);
    body.set("object_id", place.dataset.object);
    body.set("content_hash", place.dataset.content);
    const response = await fetch(place.dataset.options, { method: "POST", body, credentials: "same-origin" });
    const options = PublicKeyCredential.parseRequestOptionsFromJSON(await response.json());
    return (await navigator.credentials.get({ publicKey: options })).toJSON();
  }
}
