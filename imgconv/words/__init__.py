"""Values as people write them: numbers, and the arguments of public functions."""
