"""The whole portal on one machine: set-up, embedded services and supervision for development, demonstration and tests.

Nothing here imports Django: the modules that `make setup` runs need only the standard library of the system's Python.
"""
