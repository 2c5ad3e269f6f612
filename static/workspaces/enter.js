// The button stays for people without scripts; with them, entering needs no second click.
document.getElementById("enter").submit();
