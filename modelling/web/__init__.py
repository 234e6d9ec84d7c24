"""The web page and JSON API of `model serve`: FastAPI with a static front end that needs no network."""
