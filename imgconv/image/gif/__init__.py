"""GIF: reading and writing, one image or an animation."""
