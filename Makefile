# The face of the build; Meson and Ninja do the work.
#
#   make            release build into build/            make demo   see it work, from nothing
#   make test       everything a change must pass        make run    the demo's server, in the foreground
#   make test-long  the sweeps that take longer          make bench  figures, paired with yardsticks
#   make install    honours DESTDIR, PREFIX, SYSCONFDIR
#   make clean      removes all that was built

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BUILD = build
PLACES = --prefix=$(PREFIX) --sysconfdir=$(SYSCONFDIR)
ASAN = build-asan
INSTALL_PACKAGES = packaging/install-packages.sh

all: release

release: packages-build
	@test -f $(BUILD)/build.ninja || rm -f $(BUILD)/places
	@test "$$(cat $(BUILD)/places 2>/dev/null)" = "$(PLACES)" || $(MAKE) --no-print-directory set-up
	@ninja -C $(BUILD) --quiet
	@for program in poplind poplinctl poplin; do ln -sf src/cli/$$program $(BUILD)/$$program; done

# The places are compiled in: other ones than last time configure the folder anew.
set-up:
	@meson setup $(BUILD) $(PLACES) $$(! test -f $(BUILD)/build.ninja || echo --reconfigure) \
		>$(BUILD)-setup.log 2>&1 || { cat $(BUILD)-setup.log; exit 1; }
	@rm -f $(BUILD)-setup.log
	@echo "$(PLACES)" >$(BUILD)/places

packages-build:
	@$(INSTALL_PACKAGES) build

packages-test:
	@$(INSTALL_PACKAGES) build test
	@packaging/unpack-packages.sh build-peers

packages-long: packages-test
	@$(INSTALL_PACKAGES) long

demo: release
	@tools/demo.sh

run: release
	@tools/demo.sh --serve

test: packages-test release
	@tests/run.sh short

test-long: packages-long release
	@tests/run.sh long

bench: packages-test release
	@tests/bench/run.sh

# A configuration that is there already is the administrator's: it stays.
install: release
	@meson install -C $(BUILD) --no-rebuild --quiet $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	@test -e $(DESTDIR)$(SYSCONFDIR)/poplin/poplind.conf || \
		install -D -m 644 packaging/poplind.conf $(DESTDIR)$(SYSCONFDIR)/poplin/poplind.conf

clean:
	rm -rf build build-*

.PHONY: all release set-up packages-build packages-test packages-long demo run test test-long bench install clean
