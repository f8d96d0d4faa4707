# make            what can be done
# make .venv      install everything, pinned, into .venv; needs no compiler
# make demo       train, mine, retrain, test and submit on rendered scenes
# make check      lint, types, layers, dead code; tests and coverage of the
#                 lower layers: two minutes on two cores
# make test       the checks, and the rest of the tests but the nightly ones:
#                 five minutes
# make nightly    the tests marked nightly, and the four targets below
# make mutants    all mutants of scoring and cover: four minutes
# make fuzz       damaged files for every reader
# make kills      the quickstart, killed and resumed until it has died often
# make soak       many mining rounds, which have to hold their memory
# make table1     train, test and tabulate the paper's ablation, at full size
# make comparators  the same for what hard chip mining is compared with
# make test-full  what uses operators, with compiled ones (.venv-full)
# make newest     the suite with the newest allowed versions (.venv-newest)
# make numpy1     the algorithms' tests with NumPy 1 (.venv-numpy1)
# make docs       the docs site in build/site; a broken link is an error
# make tutorials  the commands of the tutorials, with a tiny detector
# make bench      every benchmark against its peer, on real data (see DATA)
#
# MMCV         lite: stand-ins for mmcv's compiled operators; full: build the
#              operators. Default: as .venv is, at first lite
# PYTHON       the interpreter that .venv is made with (3.10 to 3.13)
# TORCH_INDEX  an index with other builds of torch, used beside the default one
# MAX_JOBS     compilers that run at once while mmcv's operators are built
# PIP_ARGS     more options for every pip install, such as a mirror
# PYTEST_ARGS  more options for pytest, such as "-x tests/engine"
# FUZZ_INPUTS  inputs of each reader; default 20000
# KILLS        kills of the quickstart; default 20
# ROUNDS       mining rounds of the soak; default 100
# DATA         folder with visdrone/, for the benchmarks; default $MMHCM_DATA
# BENCH_ARGS   options of benchmarks/run.py, such as "--only cover score"
# TABLE_ARGS   options of tools/run_table.py, such as "--rows ours --seeds 0 1"

MAX_JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
TORCH_INDEX ?=
PIP_ARGS ?=
PYTEST_ARGS ?=
TABLE_ARGS ?=
DATA ?= $(MMHCM_DATA)
BENCH_ARGS ?=
FUZZ_INPUTS ?= 20000
KILLS ?= 20
ROUNDS ?= 100
# One process per core, and (below) one thread in each: more only get in
# each other's way.
PYTEST_JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# NEWEST=1 leaves the lock aside; `make newest` does it beside .venv.
NEWEST ?=
VENV ?= $(if $(NEWEST),.venv-newest,.venv)
MMCV ?= $(if $(wildcard $(VENV)/.mmcv-full),full,lite)
ifeq ($(filter lite full,$(MMCV)),)
$(error MMCV is lite or full, not '$(MMCV)')
endif
EXTRAS := openmmlab$(if $(filter full,$(MMCV)),-full),ensemble,dev
CONSTRAINTS := $(if $(NEWEST),,-c requirements/lock.txt)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install $(PIP_ARGS)

.DELETE_ON_ERROR:
.PHONY: help .venv install check lint types layers deadcode coverage \
	test nightly nightly-tests mutants fuzz kills soak demo \
	demo-smoke table1 comparators docs tutorials bench clean-venv newest \
	numpy1 .newest test-full .test-full
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

# --- Installation -----------------------------------------------------------
# Each step leaves a stamp, so an interrupted installation goes on where it
# stopped and a changed pin repeats only the steps from there on.
.venv install: $(VENV)/.checked

# The first interpreter that really runs and has what it takes (a pyenv shim
# may exist and still fail).
PYTHONS = $(if $(PYTHON),'$(PYTHON)',python3.11 python3.12 python3.13 \
	python3.10 python3)
CHECK_PYTHON = requirements/check_python.py \
	$(if $(filter full,$(MMCV)),--compiler)
define find_python
for python in $(PYTHONS); do \
  if "$$python" $(CHECK_PYTHON) 2>/dev/null; then break; fi; \
  python=; \
done; \
if [ -z "$$python" ]; then \
  for python in $(PYTHONS); do "$$python" $(CHECK_PYTHON) || true; done; \
  echo 'No usable Python, 3.10 to 3.13. Set PYTHON=/path/to/python.' >&2; \
  exit 1; \
fi
endef

$(VENV)/.created:
	@$(find_python); \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV)
	touch $@

$(VENV)/.tools: requirements/build.txt $(VENV)/.created
	$(PIP) -r requirements/build.txt
	touch $@

# Torch first: mmcv's operators are compiled against it. A local version such
# as 2.13.0+cpu counts as newer than 2.13.0, so TORCH_INDEX's build wins.
# Torch alone is installed with dependencies, since a CUDA build brings many.
# A torchvision for another build of torch would end MMEngine's runs.
$(VENV)/.torch: requirements/lock.txt $(VENV)/.tools
	$(PIP) $(if $(TORCH_INDEX),--extra-index-url '$(TORCH_INDEX)') \
		$(CONSTRAINTS) torch torchvision
	@if ! $(BIN)/python -W ignore -c 'import torchvision' 2>/dev/null; then \
	  echo 'This torchvision is for another build of torch: not needed'; \
	  $(BIN)/python -m pip uninstall -y torchvision; \
	fi
	touch $@

# Both kinds of mmcv have the same import name: one replaces the other.
$(VENV)/.mmcv-lite: $(VENV)/.torch
	$(BIN)/python -m pip uninstall -qy mmcv
	$(PIP) --no-deps $(CONSTRAINTS) 'mmcv-lite>=2.1,<2.2'
	rm -f $(VENV)/.mmcv-full
	touch $@

# ninja is looked up on PATH; without it the files compile one by one.
$(VENV)/.mmcv-full: requirements/full.txt $(VENV)/.torch
	$(BIN)/python requirements/check_python.py --compiler
	$(BIN)/python -m pip uninstall -qy mmcv-lite
	@echo 'Building mmcv with its operators: takes minutes'
	PATH="$(CURDIR)/$(BIN):$$PATH" MMCV_WITH_OPS=1 MAX_JOBS=$(MAX_JOBS) \
		$(if $(NEWEST),CXX='$(CURDIR)/requirements/cxx20.sh') \
		$(PIP) --no-deps --no-build-isolation --no-binary mmcv \
		$(if $(NEWEST),--no-cache-dir) -r requirements/full.txt
	rm -f $(VENV)/.mmcv-lite
	touch $@

# What has a step of its own is left out.
$(VENV)/.locked: $(VENV)/.mmcv-$(MMCV)
ifdef NEWEST
	$(PIP) -e '.[$(EXTRAS)]'
	$(BIN)/python -m pip uninstall -y opencv-python
	$(PIP) opencv-python-headless
else
	grep -Ev '^(torch|torchvision|mmcv-lite)==' requirements/lock.txt \
		>$(VENV)/rest.txt
	$(PIP) --no-deps -r $(VENV)/rest.txt
endif
	touch $@

$(VENV)/.project: pyproject.toml setup.py $(VENV)/.locked
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.checked: requirements/check_install.py $(VENV)/.project
	$(BIN)/python requirements/check_install.py
	touch $@

clean-venv:
	rm -rf $(VENV)

# pip's choice is printed first, since it decides what a failure means.
newest:
	$(MAKE) NEWEST=1 .newest

.newest: $(VENV)/.checked
	$(BIN)/python -m pip freeze --exclude-editable
	$(BIN)/python -m pytest -n $(PYTEST_JOBS) --dist loadfile \
		--timeout 900 $(PYTEST_ARGS)

# Without torch: what imports nothing of OpenMMLab.
numpy1: .venv-numpy1/.made
	.venv-numpy1/bin/python -m pytest --timeout 900 \
		tests/functional tests/structures $(PYTEST_ARGS)

.venv-numpy1/.made: requirements/numpy1.txt
	$(find_python); "$$python" -m venv --clear .venv-numpy1
	.venv-numpy1/bin/python -m pip --disable-pip-version-check install \
		$(PIP_ARGS) -r requirements/numpy1.txt
	touch $@

# --- Checks -----------------------------------------------------------------
check: lint types layers deadcode coverage

lint: $(VENV)/.checked
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.checked
	$(BIN)/mypy
	cd benchmarks && MYPYPATH=.. ../$(BIN)/mypy \
		--config-file ../pyproject.toml --cache-dir ../.mypy_cache *.py

layers: $(VENV)/.checked
	$(BIN)/lint-imports

deadcode: $(VENV)/.checked
	$(BIN)/vulture

RUN_TESTS := coverage test nightly-tests fuzz kills soak .newest .test-full
$(RUN_TESTS): export OMP_NUM_THREADS := 1
$(RUN_TESTS): export OPENCV_FOR_THREADS_NUM := 1
PYTEST = $(BIN)/python -m pytest -n $(PYTEST_JOBS) --dist loadfile \
	--timeout 900

# Tests that check runs, under coverage, and test does not run again.
LOWER_TESTS := tests/functional tests/structures \
	tests/robustness/test_bad_input_annotations.py \
	tests/robustness/test_files_caches.py \
	tests/robustness/test_files_writers.py

coverage: $(VENV)/.checked
	$(PYTEST) $(LOWER_TESTS) --cov --cov-report=json
	$(BIN)/python tests/support/layer_coverage.py work_dirs/coverage.json

test: check
	$(PYTEST) $(addprefix --ignore=,$(LOWER_TESTS)) $(PYTEST_ARGS)

# Stand-ins against compiled operators, and what uses operators.
test-full:
	$(MAKE) VENV=.venv-full MMCV=full .test-full

.test-full: $(VENV)/.checked
	$(PYTEST) tests/ops tests/models tests/engine tests/evaluation \
		tests/configs $(PYTEST_ARGS)

# --- Nightly ----------------------------------------------------------------
nightly: nightly-tests mutants fuzz kills soak

nightly-tests: $(VENV)/.checked
	$(PYTEST) -m nightly $(PYTEST_ARGS)

mutants: $(VENV)/.checked
	$(BIN)/python tests/support/mutants.py --jobs $(PYTEST_JOBS)

fuzz kills soak: export PYTHONPATH := $(CURDIR)

fuzz: $(VENV)/.checked
	$(BIN)/python tests/robustness/fuzz.py all --inputs $(FUZZ_INPUTS)

kills: $(VENV)/.checked
	$(BIN)/python tests/reliability/kill_harness.py --kills $(KILLS) \
		--work-dir work_dirs/kills

soak: $(VENV)/.checked
	$(BIN)/python tests/reliability/soak.py --rounds $(ROUNDS)

# --- Demo -------------------------------------------------------------------
demo: $(VENV)/.checked
	$(BIN)/python projects/quickstart/run.py --work-dir work_dirs/quickstart

demo-smoke: $(VENV)/.checked
	$(BIN)/python projects/quickstart/run.py --smoke \
		--work-dir work_dirs/quickstart_smoke

# --- Tables -----------------------------------------------------------------
# What is finished is kept, and what was interrupted goes on.
table1 comparators: $(VENV)/.checked
	$(BIN)/python tools/run_table.py configs/$@ $(TABLE_ARGS)

# --- Docs -------------------------------------------------------------------
$(VENV)/.docs: requirements/docs.txt $(VENV)/.checked
	$(PIP) --no-deps -r requirements/docs.txt
	touch $@

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

tutorials: export OMP_NUM_THREADS = 1
tutorials: export PYTHONPATH = .
tutorials: $(VENV)/.checked
	rm -rf work_dirs/notebook
	$(BIN)/python tests/docs/run_notebook.py docs/tutorials/demo.ipynb
	$(BIN)/python tests/docs/run_commands.py docs/tutorials/visdrone.md
	$(BIN)/python -m pytest -q -m nightly tests/docs/test_own_data_page.py

# --- Benchmarks -------------------------------------------------------------
bench: $(VENV)/.checked
	$(BIN)/python benchmarks/run.py $(if $(DATA),--data-root '$(DATA)') \
		$(BENCH_ARGS)
