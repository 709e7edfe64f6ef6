"""Cards of an export, made from its manifest: README.md for the Hub, Croissant 1.1 for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from archive.schema import DOCUMENTS, Column

if TYPE_CHECKING:
    from archive.exporters import Told

NO_LICENSE: Final = "NOASSERTION"
"""SPDX: nothing is claimed. The pages are their owners'; a snapshot gives no rights in them."""

_CROISSANT_TYPES: Final = {
    "string": "sc:Text",
    "int64": "sc:Integer",
    "int32": "sc:Integer",
    "bool": "sc:Boolean",
    "timestamp": "sc:DateTime",
    "list<string>": "sc:Text",
}

_TERMS: Final = (
    "citeAs column conformsTo:dct data dataType equivalentProperty examples extract field"
    " fileProperty fileObject fileSet format includes isLiveDataset jsonPath key md5 parentField"
    " path recordSet references regex repeated replace samplingRate separator source subField"
    " transform"
)


def readme(told: Told) -> str:
    """The dataset card. `load_dataset` takes the data files from its header."""
    facts, manifest = told.facts, told.manifest
    license_id = facts["options"].get("license", NO_LICENSE)
    hub_license = "unknown" if license_id == NO_LICENSE else license_id.lower()
    columns = "\n".join(f"| `{c.name}` | {c.type} | {_meaning(c)} |" for c in _columns(told))
    outcomes = "\n".join(f"| {name} | {n:,} |" for name, n in sorted(manifest.outcomes.items()))
    recipe = manifest.recipe
    predicate = f", where `{facts['where']}`" if facts["where"] else ""
    return f"""---
license: {hub_license}
size_categories:
- {_size(facts["documents"])}
task_categories:
- text-generation
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
---

# {manifest.name}, version {manifest.version}

{facts["documents"]:,} documents extracted from web archives: the cut `{facts["cut"]}`{predicate} of
a snapshot of {manifest.documents:,}. Made by lowbackground from the snapshot's manifest.

| | |
|---|---|
| snapshot | {facts["snapshot"]} |
| content root | `{facts["content_root"]}` |
| cut (SHA-256) | `{facts["cut_sha256"]}` |
| captured before | {recipe.get("before", "not stated")} |
| extractor | {recipe.get("extractor", "not stated")} |
| inputs | {len(manifest.inputs):,} files of {manifest.bytes_in:,} bytes |
| records | {manifest.records:,} |
| created | {manifest.created} |
| licence | {license_id} |

## Loading
```python
from datasets import load_dataset
from pyarrow.dataset import ParquetFragmentScanOptions

checked = ParquetFragmentScanOptions(page_checksum_verification=True)
data = load_dataset("FOLDER", split="train", streaming=True, fragment_scan_options=checked)
```
Without the option most flipped bits in a Parquet file are read in silence. `lowbg verify FOLDER`
compares every file with the SHA-256 in `export.json`.

## Columns
| column | type | meaning |
|---|---|---|
{columns}

## What became of the records of the inputs
| outcome | records |
|---|---|
{outcomes}

## Limits
- A capture date is the crawler's clock and an upper bound on a text's age. The column `grade`,
  where it is exported, says how well "captured before" is supported.
- The texts are as captured, names and other personal data of their time included.
- Rights in the pages are their owners'. What robots and rights statements said at capture is in the
  columns `meta_robots`, `x_robots_tag`, `tdm_reservation` and `license_link`, where exported.
"""


def croissant(told: Told) -> dict[str, Any]:
    """Croissant 1.1 JSON-LD: every file with its SHA-256, every column, the inputs as PROV."""
    facts, manifest = told.facts, told.manifest
    description = (
        f"{facts['documents']:,} documents extracted from web archives, captured before"
        f" {manifest.recipe.get('before', 'an unstated day')}."
        f" Content root {facts['content_root']}, cut {facts['cut_sha256']}."
    )
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": manifest.name,
        "description": description,
        "version": f"{manifest.version}.0.0",
        "url": f"urn:sha256:{facts['content_root']}",
        "datePublished": manifest.created[:10],
        "license": facts["options"].get("license", NO_LICENSE),
        "citeAs": f"lowbackground snapshot {facts['snapshot']}, content root"
        f" {facts['content_root']}",
        "rai:dataCollection": "Web archives: " + ", ".join(i.name for i in manifest.inputs[:20]),
        "rai:personalSensitiveInformation": "Texts are as captured, personal data included.",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": each.name,
                "name": each.name,
                "contentUrl": each.name,
                "contentSize": f"{each.bytes} B",
                "encodingFormat": "application/x-parquet",
                "sha256": each.sha256,
            }
            for each in told.files
        ]
        + [
            {
                "@type": "cr:FileSet",
                "@id": "parquet-files",
                "containedIn": [{"@id": each.name} for each in told.files],
                "encodingFormat": "application/x-parquet",
                "includes": "data/*.parquet",
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "documents",
                "name": "documents",
                "key": {"@id": "documents/id"},
                "field": [_field(column) for column in _columns(told)],
            }
        ],
        "prov:wasDerivedFrom": [
            {
                "@type": "prov:Entity",
                "name": each.name,
                "sha256": each.source,
                "contentSize": f"{each.bytes} B",
            }
            for each in manifest.inputs
        ],
    }


def _columns(told: Told) -> list[Column]:
    known = {column.name: column for column in DOCUMENTS}
    return [known[name] for name in told.facts["columns"]]


def _meaning(column: Column) -> str:
    return f"{column.meaning} ({column.unit})" if column.unit else column.meaning


def _field(column: Column) -> dict[str, Any]:
    field = {
        "@type": "cr:Field",
        "@id": f"documents/{column.name}",
        "name": f"documents/{column.name}",
        "description": _meaning(column),
        "dataType": _CROISSANT_TYPES[column.type],
        "source": {"fileSet": {"@id": "parquet-files"}, "extract": {"column": column.name}},
    }
    return field | ({"repeated": True} if column.type.startswith("list") else {})


def _context() -> dict[str, Any]:
    """The JSON-LD context of Croissant 1.1, with its RAI and PROV vocabularies."""
    context: dict[str, Any] = {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/",
        "prov": "http://www.w3.org/ns/prov#",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
    }
    for term in _TERMS.split():
        name, _, prefix = term.partition(":")
        context[name] = f"{prefix or 'cr'}:{name}"
    for name in ("data", "examples"):
        context[name] = {"@id": f"cr:{name}", "@type": "@json"}
    context["dataType"] = {"@id": "cr:dataType", "@type": "@vocab"}
    return context


def _size(documents: int) -> str:
    """The Hub's word for a size."""
    steps = ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M"]
    steps += ["100M<n<1B", "1B<n<10B", "10B<n<100B", "100B<n<1T"]
    for power, name in enumerate(steps, start=3):
        if documents < 10**power:
            return name
    return "n>1T"
