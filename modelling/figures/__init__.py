"""The figures of the reports, each saved as SVG, as PNG and with its data as CSV."""
