"""The model on anyone's samples."""
