"""Object storage: the XML API, its signatures, its policies."""
