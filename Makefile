# The way in: `make` alone lists the targets, CONTRIBUTING.md tells more.
# It is kept to what GNU make 3.81 understands, which is the one macOS has.

# Where containers run: vm, vagrant or native. scripts/runner.sh says how it is chosen.
RUNNER ?= $(shell sh scripts/runner.sh)

# The guest of the VM: a Debian release (bookworm has Linux 6.1, trixie 6.12), or a
# guest file or a kernel with its modules made elsewhere.
KERNEL_SUITE ?= bookworm
ARCH         ?= $(shell go env GOARCH 2>/dev/null)
OWN_GUEST    := $(strip $(GUEST)$(KERNEL))
GUEST        ?= build/guest-$(KERNEL_SUITE)-$(ARCH).guest
VMFLAGS       = --guest $(GUEST) $(if $(KERNEL),--kernel $(KERNEL)) $(if $(MODULES),--modules $(MODULES))

# The parts of `make test`; scripts/test.sh says what each of them is.
PHASES ?= host $(if $(filter native vagrant,$(RUNNER)),native,$(if $(OWN_GUEST),vm,6.1 6.12))

# Static binaries, the same bytes from the same sources wherever they are built.
# Containers are a Linux thing: all but testvm are built for Linux, on a Mac too.
OUT     ?= bin
BUILD    = CGO_ENABLED=0 go build -trimpath -buildvcs=false
FOR      = GOOS=linux GOARCH=$(ARCH)
SOURCES := $(shell find . -name .git -prune -o -name build -prune -o \( -name '*.go' -o -name 'go.*' -o -path './testvm/guest/*' \) -type f -print)
STAGES  := $(sort $(wildcard stage[1-7]-*))
LINUX   := $(foreach stage,$(STAGES),$(OUT)/$(firstword $(subst -, ,$(stage)))) $(OUT)/first $(OUT)/breakout $(OUT)/drydock $(OUT)/drydock-transfer

# golangci-lint is the one tool: govet, staticcheck and gofumpt are inside it.
GOLANGCI_VERSION = v2.15.0
GOLANGCI = build/tools/golangci-lint-$(GOLANGCI_VERSION)

# What is typed after CMD= reaches the shell as it is: make expands nothing in it.
export COMMAND := $(value CMD)
export RUNNER PHASES GUEST ARCH VMFLAGS GOLANGCI
unexport CMD

.PHONY: help build test test-native demo shell vm lint fmt diff doctor guest cover compare bench clean linux FORCE

help: ## this list
	@echo 'Drydock: Docker you can read. Begin with: make demo'
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | awk -F '|' '{ printf "%-15s%s\n", $$1, $$2 }'
	@echo
	@echo 'RUNNER=vm|vagrant|native says where containers run (here: $(RUNNER));'
	@echo 'KERNEL_SUITE=trixie takes Linux 6.12 instead of 6.1.'

# ---- what is built ----

build: bin/testvm linux ## build bin/: every stage, drydock and testvm

linux: $(LINUX)

bin/testvm: $(SOURCES)
	@sh scripts/need.sh go
	$(BUILD) -o $@ ./testvm

$(OUT)/stage%: $(SOURCES)
	@sh scripts/need.sh go
	$(FOR) $(BUILD) $(COVER) -o $@ ./$(wildcard stage$*-*)

$(OUT)/first $(OUT)/breakout: $(OUT)/%: $(SOURCES)
	@sh scripts/need.sh go
	$(FOR) $(BUILD) -o $@ ./stage1-namespaces/$*

$(OUT)/drydock: $(SOURCES)
	@sh scripts/need.sh go
	$(FOR) $(BUILD) $(COVER) -o $@ ./final

$(OUT)/drydock-transfer: $(SOURCES)
	@sh scripts/need.sh go
	$(FOR) $(BUILD) $(COVER) -o $@ ./final/transfer

build/tally: $(SOURCES)
	@sh scripts/need.sh go
	$(BUILD) -o $@ ./internal/tally

guest: $(GUEST) ## build the VM's guest (kernel and root), once, on a Debian host

# testvm leaves a guest alone that was made by the recipe that it has.
build/guest-%.guest: bin/testvm FORCE
	@sh scripts/need.sh guest
	bin/testvm guest --suite $(word 1,$(subst -, ,$*)) --arch $(word 2,$(subst -, ,$*)) -o $@

# ---- where containers run ----

ifeq ($(RUNNER),vagrant)

test demo shell vm cover:
	@scripts/vagrant.sh $@

else

READY = build $(if $(filter vm,$(RUNNER)),$(GUEST))

test: $(READY) build/tally ## run all tests: on the host, then in the VM on Linux 6.1 and 6.12
	@scripts/test.sh

demo: $(READY) ## what a container is, in ten lines of real output
	@sh scripts/inside.sh 'sh scripts/demo.sh'

shell: $(READY) ## a root shell where containers run, bin/ on its PATH
	@sh scripts/inside.sh

vm: $(READY) ## run CMD='…' there (bin/testvm run -- CMD also gives its very exit code)
	@sh scripts/inside.sh "$${COMMAND:?say what to run: make vm CMD='uname -a'}"

cover: $(READY) ## coverage of the real binaries, from the kernel tests
	@scripts/cover.sh

endif

test-native: build build/tally ## the kernel tests as root on this Linux host: what it cannot do is skipped, and counted
	@RUNNER=native PHASES='host native' scripts/test.sh

compare: build ## ask a real Docker 29 again what drydock is compared with, and compare: as root, PEERS=FOLDER has Docker
	@scripts/compare.sh $(SECTION)

bench: linux $(OUT)/bench $(OUT)/floor $(OUT)/hello ## measure drydock beside the peers on the PATH, as root: QUICK=1 fits in two minutes
	$(OUT)/bench $(if $(QUICK),-quick) $(if $(SECTION),-only $(SECTION)) -o bench

$(OUT)/bench: $(SOURCES)
	@sh scripts/need.sh go
	$(FOR) $(BUILD) -o $@ ./bench

$(OUT)/floor $(OUT)/hello: $(OUT)/%: $(SOURCES)
	@sh scripts/need.sh go
	$(FOR) $(BUILD) -o $@ ./bench/$*

# ---- the sources ----

lint: $(GOLANGCI) ## everything a machine can say about the sources
	@scripts/lint.sh

fmt: $(GOLANGCI) ## format the Go files (gofumpt)
	$(GOLANGCI) fmt $(dir $(wildcard */go.mod))

$(GOLANGCI):
	@sh scripts/need.sh go
	GOBIN='$(CURDIR)/build/tools' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv build/tools/golangci-lint $@

diff: ## what stage STAGE=n changes in the composition of the one before
	@sh scripts/diff.sh '$(STAGE)'

doctor: ## does this machine have what it takes? what to do if not
	@sh scripts/doctor.sh

clean: ## remove what was built (the VM's guests too)
	rm -rf bin build
