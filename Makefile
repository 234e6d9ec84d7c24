# Two commands for a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
BIN := $(VENV)/bin
QUIET := --quiet --disable-pip-version-check
LOCKED = $(BIN)/python -m pip install $(QUIET) --require-hashes --no-deps --requirement

.PHONY: venv demo test lint bench peers docs outputs mutation fuzz commands compat clean-demo lock audit

venv: $(VENV)/.installed

# What is downloaded is held against the locks, file by file; then the project itself, built with what is installed. torch: its CPU build where one
# of known checksum is offered, else that of PyPI, which needs NVIDIA's libraries on Linux.
$(VENV)/.installed: pyproject.toml requirements.lock requirements-cpu.lock requirements-cuda.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(LOCKED) requirements-cpu.lock 2>/dev/null || echo "no CPU build of torch is offered here: that of PyPI is taken"
	$(LOCKED) requirements.lock
	if $(BIN)/python -m pip check | grep -q '^torch .*nvidia'; then $(LOCKED) requirements-cuda.lock; fi
	$(BIN)/python -m pip install $(QUIET) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $@

demo: venv clean-demo
	$(BIN)/curate demo $(DEMO)/world
	$(BIN)/curate build --input $(DEMO)/world --out $(DEMO)/release --cap 300 --by-gene
	$(BIN)/model train $(DEMO)/release/compendium.h5ad --out $(DEMO)/run
	$(BIN)/model normals $(DEMO)/run $(DEMO)/release/compendium.h5ad
	$(BIN)/model evaluate $(DEMO)/run $(DEMO)/release/compendium.h5ad --out $(DEMO)/report
	@echo
	@echo "Made from simulated data, in $(DEMO)/:"
	@echo "  release/compendium.h5ad   the compendium; anndata and scanpy open it"
	@echo "  release/report.html       what was built: the funnel, tissues, labels, splits"
	@echo "  run/                      the trained model: safetensors, JSON and TSV"
	@echo "  report/report.html        how good it is, with pictures"
	@echo "Look further:"
	@echo "  $(BIN)/curate audit --db $(DEMO)/release          the questions a curator asks"
	@echo "  $(BIN)/model serve $(DEMO)/run --curation $(DEMO)/release   a web page for your own samples"

clean-demo:
	rm -rf $(DEMO)/world $(DEMO)/world-truth $(DEMO)/release $(DEMO)/run $(DEMO)/report

test: venv
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar sql

# requirements.lock again, after pyproject.toml or constraints.txt changed; uv in an environment of its own.
lock: .venv-lock/bin/uv
	PATH="$(CURDIR)/.venv-lock/bin:$$PATH" $(PYTHON) scripts/write_lock.py

# Known weaknesses of the locked versions, as PyPI tells them; needs the network.
audit: .venv-lock/bin/pip-audit
	.venv-lock/bin/pip-audit --disable-pip --require-hashes -r requirements.lock

.venv-lock/bin/uv .venv-lock/bin/pip-audit:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install $(QUIET) uv pip-audit

# Those that need no other environment; the head of each other file in benchmarks/ says what it needs (`make peers`, a folder).
BENCHMARKS := full_size_metadata gct imputation knn label_speed label_ten predict_speed spearman train_memory tsne

# The programs that benchmarks compare with (archs4py, Flexynesis, scib-metrics, bulkDGD), each in an environment of its own under .peers: gigabytes.
peers: venv
	$(BIN)/python benchmarks/peers.py $(PEERS)

# On a quiet machine: what is measured goes into benchmarks/results.json, and from there into README and docs.
bench: venv
	@for name in $(BENCHMARKS); do echo "== $$name"; BULKATLAS_RECORD=1 $(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/write_figures.py

# docs/reference/commands.md from the parsers, what stands below in docs/reference/python.md from the docstrings.
commands: venv
	$(BIN)/python scripts/write_commands.py
	$(BIN)/python scripts/write_python.py

# The outputs that README and docs show, by running their blocks on the demo; a test holds them. Minutes.
outputs: venv
	$(BIN)/python scripts/pages.py

# The site, in site/: strictly (a dead link ends it) and without the network. Open site/index.html; its search needs a server (python -m http.server).
docs: commands
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Would the tests notice? cosmic-ray in an environment of its own; hours, not in CI. MUTATION="sql split" or "metrics --most 60" takes a part.
mutation: venv .venv-mutation/bin/cosmic-ray
	$(BIN)/python tests/mutation/run.py $(MUTATION)

.venv-mutation/bin/cosmic-ray:
	$(PYTHON) -m venv .venv-mutation
	.venv-mutation/bin/python -m pip install --quiet --disable-pip-version-check 'cosmic-ray>=8.3'

# Every fault by kind under the commands, disks that are full or read-only (needs the right to mount), kills, and a long fuzz: about an hour, not in CI.
FUZZ := fuzz
fuzz: venv
	$(BIN)/python tests/fault_table.py $(FUZZ) --n 10
	$(BIN)/python tests/fault_disks.py $(FUZZ)
	$(BIN)/python tests/fault_kills.py $(FUZZ) --n 20
	BULKATLAS_FUZZ=5000 $(BIN)/python -m pytest -n 2 $$(grep -l "^from hypothesis" tests/test_*.py)

# The wheel in fresh environments with the newest and the lowest allowed packages, on every interpreter found: half an hour and gigabytes.
compat:
	$(PYTHON) scripts/compat.py $(COMPAT)
