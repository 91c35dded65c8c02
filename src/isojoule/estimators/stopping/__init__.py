"""When to stop a training: its score curve, what more epochs bring, a decision."""
