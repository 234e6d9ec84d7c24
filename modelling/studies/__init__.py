"""What is asked of a model or a compendium: one module a question."""
