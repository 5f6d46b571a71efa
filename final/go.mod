module drydock/final

go 1.26.0

require (
	drydock/internal v0.0.0
	drydock/stage2-cgroups v0.0.0
	github.com/docker/go-units v0.5.0
	github.com/google/go-cmp v0.7.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/moby/sys/mountinfo v0.7.3 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
)

replace drydock/internal => ../internal

replace drydock/stage2-cgroups => ../stage2-cgroups

replace drydock/stage1-namespaces => ../stage1-namespaces

require (
	drydock/stage3-unionfs v0.0.0
	github.com/distribution/reference v0.6.0
)

replace drydock/stage3-unionfs => ../stage3-unionfs
