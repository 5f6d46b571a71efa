module drydock/stage7-links

go 1.26.0

require (
	drydock/internal v0.0.0
	drydock/stage1-namespaces v0.0.0
	drydock/stage2-cgroups v0.0.0
	drydock/stage3-unionfs v0.0.0
	drydock/stage4-images v0.0.0
	drydock/stage5-volumes v0.0.0
	github.com/google/go-cmp v0.7.0
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	golang.org/x/sys v0.49.0
)

require (
	github.com/google/nftables v0.3.0 // indirect
	github.com/vishvananda/netlink v1.3.1 // indirect
	github.com/vishvananda/netns v0.0.5 // indirect
)

require (
	drydock/stage6-network v0.0.0
	github.com/docker/go-units v0.5.0 // indirect
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/klauspost/readahead v1.4.0 // indirect
	github.com/mdlayher/netlink v1.7.3-0.20250113171957-fbb4dce95f42 // indirect
	github.com/mdlayher/socket v0.5.0 // indirect
	github.com/moby/sys/mountinfo v0.7.3 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	golang.org/x/net v0.33.0 // indirect
	golang.org/x/sync v0.8.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

replace drydock/internal => ../internal

replace drydock/stage1-namespaces => ../stage1-namespaces

replace drydock/stage2-cgroups => ../stage2-cgroups

replace drydock/stage3-unionfs => ../stage3-unionfs

replace drydock/stage4-images => ../stage4-images

replace drydock/stage5-volumes => ../stage5-volumes

replace drydock/stage6-network => ../stage6-network
