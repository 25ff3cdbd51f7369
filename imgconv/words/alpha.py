"""What becomes of alpha, as people write it."""

ALPHAS = ("auto", "premultiply", "keep", "filter", "drop")
"""It weights the colours, under all layers or where pixels of several places are mixed; it is left alone; it is a
channel like any other; or it is left out."""

SPELLINGS = {"preserve": "keep"}
