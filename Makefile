# ProducerGAN: `make play` to play, `make test` to test, `make help` for the rest.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
# Both of onnxruntime's builds own the same package folder, so one venv has one of them.
RUNTIME := $(if $(shell nvidia-smi -L 2>/dev/null),gpu,cpu)
# Built without pip's isolation, so that a change of one C++ file compiles that file only.
BUILD_TOOLS := scikit-build-core nanobind cmake ninja
# The install is editable: Python files count as they stand, and only these make it stale.
SOURCES := $(shell find engine/native -type f) CMakeLists.txt pyproject.toml constraints.txt tools/system-packages
# JUCE's modules bring along what else the plugin is linked with, but for this one.
PLUGIN_PACKAGES := juce-tools juce-modules-source libxcursor-dev
# A JACK server, decoders, hosts of the plugin, what validates its LV2 bundle (`lv2_validate`, with sordi's
# `sord_validate`), a reader of WAV chunks, and a screen that nobody sees.
TEST_PACKAGES := jackd2 ffmpeg ardour jalv lv2-dev sordi libimage-exiftool-perl xvfb openbox
CPP := $(shell find engine/native bridge/plugin tests -name '*.cpp' -o -name '*.hpp')
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help play plugin setup test test-long check format clean

help: ## list these commands
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

play: $(VENV)/.ready-to-play ## set up everything and play the bundled preset (ARGS='--demo' and other options of `engine play`)
	@$(BIN)/engine play $(ARGS)

plugin: $(VENV)/.ready-to-build-plugin ## build the plugin for DAWs (VST3, LV2); `bridge plugin install` then puts it where they look
	@tools/build-plugin
	@echo "The plugin is built. To put it where DAWs look, say: $(BIN)/bridge plugin install"
	@$(BIN)/bridge plugin path

setup: $(VENV)/.ready-to-test ## set up everything that playing, training and the tests need

# The plugin is built beside the tests that need none; those that do come last, and wait for it.
test: $(VENV)/.ready-to-test ## set up everything and run the tests (ARGS for pytest)
	@mkdir -p build; nice tools/build-plugin >build/plugin.log 2>&1 & \
	$(BIN)/python -m pytest -m "not long" $(ARGS); status=$$?; wait; exit $$status

test-long: $(VENV)/.ready-to-test ## the soaks and the fuzzing that `make test` leaves out
	@tools/build-plugin
	@$(BIN)/python -m pytest -m long $(ARGS)

check: $(VENV)/.ready-to-test ## style and types: ruff, mypy, clang-format
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run -Werror $(CPP)

format: $(VENV)/.ready-to-test ## lay out all code as `make check` wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(CPP)

clean: ## remove what these commands made, the virtual environment included
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready-to-play: $(SOURCES)
	@tools/system-packages libportaudio2
	@$(call install,$(RUNTIME))
	@touch $@

$(VENV)/.ready-to-test: $(SOURCES)
	@tools/system-packages libportaudio2 $(PLUGIN_PACKAGES) $(TEST_PACKAGES)
	@$(call install,$(RUNTIME)$(comma)train$(comma)dev)
	@touch $(VENV)/.ready-to-play $(VENV)/.ready-to-build-plugin $@

$(VENV)/.ready-to-build-plugin: $(VENV)/.ready-to-play
	@tools/system-packages $(PLUGIN_PACKAGES)
	@touch $@

comma := ,
define install
set -e; \
test -x $(BIN)/python || tools/make-venv $(VENV); \
echo "Installing into $(VENV): the build tools ($(BUILD_TOOLS)), then ProducerGAN with its parts $(1)."; \
$(PIP) install -c constraints.txt $(BUILD_TOOLS); \
$(PIP) install -c constraints.txt --no-build-isolation -e '.[$(1)]'
endef
