"""What a sample's own expression says against its description: one module an audit."""
