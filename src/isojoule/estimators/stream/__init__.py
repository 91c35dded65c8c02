"""What a streaming forecast is made of: levels, wander, the sum to come, remarks."""
