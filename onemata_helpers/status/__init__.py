"""`onemata status`: what the records say of each client."""

from enum import StrEnum


class Form(StrEnum):
    """In which form the status is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
