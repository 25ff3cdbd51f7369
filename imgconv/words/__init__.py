"""Values as people write them: a module for every kind, of which `base` says what it is; and arguments of functions."""
