module drydock/stage1-namespaces

go 1.26.0

require (
	drydock/internal v0.0.0
	github.com/google/go-cmp v0.7.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/spf13/pflag v1.0.10 // indirect
	golang.org/x/tools v0.26.0 // indirect
)

replace drydock/internal => ../internal
