"""The things in AWS that we create or attach, one class each."""
