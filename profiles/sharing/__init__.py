"""Releases and models that travel: a catalogue of them (a folder, or the same folder behind HTTP), put in once, and pulled whole."""
