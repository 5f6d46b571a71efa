module drydock/stage2-cgroups

go 1.26.0

require (
	drydock/internal v0.0.0
	drydock/stage1-namespaces v0.0.0
	github.com/docker/go-units v0.5.0
	github.com/google/go-cmp v0.7.0
	github.com/moby/sys/mountinfo v0.7.3
	golang.org/x/sys v0.49.0
)

require (
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

replace drydock/internal => ../internal

replace drydock/stage1-namespaces => ../stage1-namespaces
