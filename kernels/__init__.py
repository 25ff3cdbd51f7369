"""The kernel library: one YAML file a kernel, read by `imgconv.kernels.library`."""
