"""What systems do differently: files, processes, signals and cores, in forms that work on all of them."""
