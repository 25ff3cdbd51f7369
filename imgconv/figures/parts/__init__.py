"""What figures are made of: axes and colours, cells of numbers, panels, scenes that move, and files."""
