"""The formats that Pillow decodes and encodes."""
