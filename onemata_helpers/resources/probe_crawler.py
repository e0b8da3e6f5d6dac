"""The crawler by which Glue proves what its role may read, with the database and classifier that a crawl takes.

All three have one name, which belongs to a delivery. They are made for one proof and taken away after it.
https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..location import Location
from ..plan import Call
from .base import OWNER_TAG, Permission

SERVICE: Final = "glue"
LOG_GROUP: Final = "/aws-glue/crawlers"
DESCRIPTION = "Proves what Glue may read of the data that Onemata delivers; deleted right after"
TABLE_PREFIX = "onemata_proof_"
# Glue's own classifier for CSV wants two columns and two rows: the probe object has one of each. The column has no name
# here, so that a table with columns comes from the object alone.
# https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html
_CLASSIFIER = {"Delimiter": ",", "ContainsHeader": "ABSENT", "AllowSingleColumn": True}
_NOT_DEEPER = "*/**"
_ON_IT = ("glue:GetCrawler", "glue:GetTags", "glue:StopCrawler", "glue:DeleteCrawler")


@dataclass(frozen=True)
class ProbeCrawler:
    """The crawler of a delivery's proofs, with this role. `tags` are set on it beside our own."""

    delivery_id: str
    role_arn: str
    partition: str
    region: str
    account_id: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, and that of its database and classifier: small letters, digits and `_`, as a database's must be."""
        return f"onemata_proof_{self.delivery_id}"

    @property
    def arn(self) -> str:
        """The crawler's ARN."""
        return self._arn(SERVICE, f"crawler/{self.name}")

    @property
    def address(self) -> dict[str, Any]:
        """How calls name it."""
        return {"Name": self.name}

    def making(self, place: Location, *, to_run: bool) -> tuple[Call, ...]:
        """What makes it over a folder; to run it takes a database and a classifier, made before it."""
        if not to_run:
            return (self._create(place),)
        marked = {"Description": DESCRIPTION, "Parameters": {OWNER_TAG: SERVICE}}
        return (
            glue("create_database", DatabaseInput={**self.address, **marked}),
            glue("create_classifier", CsvClassifier={**self.address, **_CLASSIFIER}),
            self._create(place, Classifiers=[self.name]),
        )

    @property
    def start(self) -> Call:
        """What runs it."""
        return glue("start_crawler", **self.address)

    def unmaking(self, *, to_run: bool) -> tuple[Call, ...]:
        """What takes all of it away after a proof. The table's name is Glue's choice, and not known before."""
        crawler = glue("delete_crawler", **self.address)
        if not to_run:
            return (crawler,)
        classifier = glue("delete_classifier", **self.address)
        table = glue("delete_table", DatabaseName=self.name)
        return (crawler, classifier, table, glue("delete_database", **self.address))

    def permissions(self, *, to_run: bool) -> list[Permission]:
        """What making, following and taking it away takes, and to find what an earlier proof left behind.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsglue.html
        """
        catalog = (self._arn(SERVICE, "catalog"), self._arn(SERVICE, f"database/{self.name}"))
        tables = (*catalog, self._arn(SERVICE, f"table/{self.name}/*"))
        functions = self._arn(SERVICE, f"userDefinedFunction/{self.name}/*")
        found = [
            Permission(("glue:CreateCrawler", "glue:DeleteClassifier", "glue:GetClassifier")),  # AWS knows no narrower
            Permission((*_ON_IT, "glue:TagResource"), (self.arn,)),
            Permission(("iam:PassRole",), (self.role_arn,), "glue"),
            Permission(("glue:GetDatabase",), catalog),
            Permission(("glue:GetTables", "glue:DeleteTable"), tables),
            Permission(("glue:DeleteDatabase",), (*tables, functions)),
        ]
        return [*found, *self._permissions_to_run(catalog)] if to_run else found

    def _permissions_to_run(self, catalog: tuple[str, ...]) -> tuple[Permission, ...]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html"""
        log = self._arn("logs", f"log-group:{LOG_GROUP}")
        return (
            Permission(("glue:CreateClassifier",)),
            Permission(("glue:StartCrawler",), (self.arn,)),
            Permission(("glue:CreateDatabase",), catalog),
            Permission(("logs:FilterLogEvents",), (log, f"{log}:*")),
        )

    def _create(self, place: Location, **more: Any) -> Call:
        target = {"Path": place.uri, "Exclusions": [_NOT_DEEPER], "SampleSize": 1}
        return glue(
            "create_crawler",
            **self.address,
            Role=self.role_arn,
            DatabaseName=self.name,
            Description=DESCRIPTION,
            Targets={"S3Targets": [target]},
            TablePrefix=TABLE_PREFIX,
            SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
            RecrawlPolicy={"RecrawlBehavior": "CRAWL_EVERYTHING"},
            Tags={**self.tags, OWNER_TAG: SERVICE},
            **more,
        )

    def _arn(self, service: str, thing: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{thing}"


def glue(operation: str, **arguments: Any) -> Call:
    """A call of Glue's that changes something."""
    return Call(service=SERVICE, operation=operation, arguments=arguments)
