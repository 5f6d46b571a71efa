package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const modulesDep = `kernel/fs/overlayfs/overlay.ko:
kernel/net/bridge/br_netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/llc/llc.ko.xz:
kernel/drivers/block/virtio-blk.ko:
`

func TestModuleClosure(t *testing.T) {
	index := readModuleIndex([]byte(modulesDep), []byte("kernel/fs/ext4/ext4.ko\n"))
	got, err := index.closure([]string{"bridge", "br_netfilter", "ext4", "virtio_blk", "?nft_gone"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"kernel/drivers/block/virtio-blk.ko",
		"kernel/net/802/stp.ko.xz",
		"kernel/net/bridge/br_netfilter.ko.xz",
		"kernel/net/bridge/bridge.ko.xz",
		"kernel/net/llc/llc.ko.xz",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("closure (-want +got):\n%s", diff)
	}
}

func TestModuleClosureNamesWhatIsMissing(t *testing.T) {
	index := readModuleIndex([]byte(modulesDep), nil)
	_, err := index.closure([]string{"overlay", "veth"})
	if want := "choose modules: this kernel has no module veth"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestModuleListHasNoDuplicates(t *testing.T) {
	names, err := ingredient("modules")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			t.Errorf("guest/modules has %s twice", name)
		}
		seen[name] = true
	}
}
