"""The commands that write one annotation: leave, let-go, pause, resume, adopt and more."""
