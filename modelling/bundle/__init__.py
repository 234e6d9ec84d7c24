"""A trained model as a folder, and what goes along with it."""
