"""What the commands do, one file each: each wires the parts below it, and prints nothing."""
