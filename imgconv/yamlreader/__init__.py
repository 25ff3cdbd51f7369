"""Reading YAML from anywhere: plain values with their places, and nothing that can run or explode."""
