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
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/moby/sys/mountinfo v0.7.3 // indirect
)

replace drydock/internal => ../internal

replace drydock/stage2-cgroups => ../stage2-cgroups

replace drydock/stage1-namespaces => ../stage1-namespaces

require (
	drydock/stage3-unionfs v0.0.0
	drydock/stage4-images v0.0.0
	github.com/distribution/reference v0.6.0
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	github.com/spf13/pflag v1.0.10
)

replace drydock/stage3-unionfs => ../stage3-unionfs

replace drydock/stage4-images => ../stage4-images
