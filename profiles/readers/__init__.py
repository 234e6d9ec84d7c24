"""One reader a format; all give a `profiles.table.Table`."""
