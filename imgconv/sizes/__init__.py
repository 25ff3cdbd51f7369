"""Output sizes worked out, solved for, chained and compared, without an image: what ``imgconv size`` calls."""
