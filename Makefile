# The face of the build; Meson and Ninja do the work.
#
#   make            release build into build/            make demo   see it work, from nothing
#   make test       everything a change must pass        make run    the demo's server, in the foreground
#   make test-long  the sweeps that take longer          make bench  figures, paired with yardsticks
#   make install    honours DESTDIR and PREFIX           make clean

PREFIX ?= /usr/local
BUILD = build
ASAN = build-asan
INSTALL_PACKAGES = packaging/install-packages.sh

all: release

release: packages-build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX) >$(BUILD)-setup.log 2>&1 || { cat $(BUILD)-setup.log; exit 1; }
	@rm -f $(BUILD)-setup.log
	@ninja -C $(BUILD) --quiet
	@for program in poplind poplinctl; do ln -sf src/cli/$$program $(BUILD)/$$program; done

packages-build:
	@$(INSTALL_PACKAGES) build

packages-test:
	@$(INSTALL_PACKAGES) build test

demo: release
	@tools/demo.sh

run: release
	@tools/demo.sh --serve

test: packages-test release
	@tests/run.sh short

test-long: packages-test release
	@tests/run.sh long

bench: packages-test release
	@tests/bench/run.sh

install: release
	@meson install -C $(BUILD) --no-rebuild --quiet $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	rm -rf build build-*

.PHONY: all release packages-build packages-test demo run test test-long bench install clean
