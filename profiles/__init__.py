"""What both packages need to know of other people's files; imports neither of them."""
