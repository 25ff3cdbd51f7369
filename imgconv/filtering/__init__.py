"""A request done to an image file: planned from its header, filtered whole, by frames or by rows, and reported."""
