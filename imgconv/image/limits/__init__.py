"""What a file from a stranger may cost: pixels, memory, steps; and the boundary around every decoder."""
