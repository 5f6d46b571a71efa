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
	github.com/Azure/go-ansiterm v0.0.0-20250102033503-faa5f7b0171c // indirect
	github.com/docker/cli v29.7.2+incompatible // indirect
	github.com/docker/docker-credential-helpers v0.9.3 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/klauspost/compress v1.20.0 // indirect
	github.com/klauspost/readahead v1.4.0 // indirect
	github.com/mdlayher/netlink v1.7.3-0.20250113171957-fbb4dce95f42 // indirect
	github.com/mdlayher/socket v0.5.0 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/sirupsen/logrus v1.9.4 // indirect
	golang.org/x/tools v0.49.0 // indirect
	gotest.tools/v3 v3.5.2 // indirect
)

replace drydock/internal => ../internal

replace drydock/stage2-cgroups => ../stage2-cgroups

replace drydock/stage1-namespaces => ../stage1-namespaces

require (
	drydock/stage1-namespaces v0.0.0
	drydock/stage3-unionfs v0.0.0
	drydock/stage4-images v0.0.0
	drydock/stage5-volumes v0.0.0
	drydock/stage6-network v0.0.0
	drydock/stage7-links v0.0.0
	github.com/distribution/reference v0.6.0
	github.com/google/go-containerregistry v0.22.1
	github.com/google/nftables v0.3.0
	github.com/moby/sys/mountinfo v0.7.3
	github.com/moby/sys/user v0.4.0
	github.com/moby/term v0.5.2
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.10
	github.com/vishvananda/netlink v1.3.1
	github.com/vishvananda/netns v0.0.5
	golang.org/x/net v0.62.0
	golang.org/x/sync v0.22.0
	golang.org/x/term v0.47.0
)

replace drydock/stage3-unionfs => ../stage3-unionfs

replace drydock/stage4-images => ../stage4-images

replace drydock/stage5-volumes => ../stage5-volumes

replace drydock/stage6-network => ../stage6-network

replace drydock/stage7-links => ../stage7-links
