"""The live session: the client watches, the engineer clicks, the notebook is the record."""
