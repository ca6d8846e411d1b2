"""Isolation forests of other implementations, one thread: scoring and training times as one JSON line a case.

    forests.py ROUNDS

Rows are standard normal, as in bench/suites/forest.ts: 100 trees on 256 rows, 4 and 8 features. Each implementation scores the batch
that suits it best (100,000 rows at once), and scikit-learn also the 64 rows that arrive together in a pipeline.
"""
import json
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy
from isotree import IsolationForest as IsoTree
from sklearn.ensemble import IsolationForest as SkLearn

ROUNDS = int(sys.argv[1])
LARGE = 100_000
SMALL = 64
MICRO = 1e6


def cpu(work):
    """CPU seconds of a call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def report(name, features, make, score, rows, batches, train=True):
    sample = numpy.random.default_rng(1).standard_normal((256, features)).astype(numpy.float32)
    table = numpy.random.default_rng(2).standard_normal((rows, features)).astype(numpy.float32)
    model = make().fit(sample)
    score(model, table)
    scoring = [cpu(lambda: [score(model, table) for _ in range(batches)]) / (rows * batches) * MICRO for _ in range(ROUNDS)]
    training = [cpu(lambda: make().fit(sample)) * 1000 for _ in range(ROUNDS)] if train else []
    print(json.dumps({"name": name, "features": features, "scoring": scoring, "training": training}), flush=True)


def sklearn():
    return SkLearn(n_estimators=100, max_samples=256, n_jobs=1, random_state=0)


def isotree():
    return IsoTree(ntrees=100, sample_size=256, ndim=1, max_depth=8, nthreads=1, missing_action="fail", random_seed=1)


for features in (4, 8):
    report("scikit-learn, 100,000 rows at once", features, sklearn, SkLearn.score_samples, LARGE, 1)
    report("scikit-learn, 64 rows at once", features, sklearn, SkLearn.score_samples, SMALL, 20, train=False)
    report("isotree, 100,000 rows at once", features, isotree, IsoTree.predict, LARGE, 1)
