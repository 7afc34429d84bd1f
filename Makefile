# `make run` and `make test` do all the set-up by themselves; packaging/bootstrap.py is the set-up.
# ARGS goes to the command: make run ARGS=--demo

# The environment's own Python when it is there (the fastest start), else the first one that is new enough.
ifndef PYTHON
PYTHON := $(shell for p in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
ifeq ($(PYTHON),)
PYTHON := python3
endif
endif

.DEFAULT_GOAL := help
.PHONY: help run test check bench setup clean

help:
	@echo "make run     set up what is missing, then start Agent Assist (with no display: in the terminal)"
	@echo "make test    set up what is missing, then run every check and test"
	@echo "make check   only the quick checks: style, format, types, layers"
	@echo "make bench   the benchmarks in tests/benchmarks"
	@echo "make setup   only the set-up"
	@echo "make clean   remove the environment and what the checks left; your workspaces stay"

run:
	@exec $(PYTHON) -S packaging/bootstrap.py run $(ARGS)

test:
	@exec $(PYTHON) packaging/bootstrap.py test

check:
	@exec $(PYTHON) packaging/bootstrap.py check

bench:
	@exec $(PYTHON) packaging/bootstrap.py bench

setup:
	@exec $(PYTHON) packaging/bootstrap.py setup

clean:
	@exec python3 packaging/bootstrap.py clean
