"""TIFF: directories, fields, strips and tiles."""
