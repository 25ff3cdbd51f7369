"""What samples mean as light and as brightness."""
