"""Where the data of the previous platform is read from."""
