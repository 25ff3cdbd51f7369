"""Files of several images: the canvas they are laid on, their times, and the sequence of them."""
