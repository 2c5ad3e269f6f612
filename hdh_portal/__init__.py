"""The portal that opens France's health data to research: settings, URLs and processes."""
