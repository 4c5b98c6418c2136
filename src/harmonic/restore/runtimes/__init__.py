"""What runs a network, and who steps in when it fails."""
