"""What `make release` does: builds, looks into what it built, tries it, and writes down what is in it. Not shipped."""
