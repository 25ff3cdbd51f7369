"""What travels with pixels from file to file: profiles, EXIF, XMP and texts, and what of them may travel."""
