"""How well estimates made before a training hold: published tables, honest scores."""
