"""Fair comparison: submissions and rules -> findings, rankings, fronts, caps."""
