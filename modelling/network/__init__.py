"""The networks: ours and the published one, their loss terms, and the principal components that start them."""
