"""What each command does between its arguments and its printed lines."""
