package main

import (
	"testing"

	"drydock/internal/kit"
)

// stays takes away what is meant to stay after the last container: the bridge, the table, and that
// the host passes packets on.
const stays = `
for link in docker0 drydock0; do
	! ip link show $link >/dev/null 2>&1 || ip link del $link
done
! nft list table ip drydock >/dev/null 2>&1 || nft delete table ip drydock
echo 0 >/proc/sys/net/ipv4/ip_forward`

func TestKernel(t *testing.T) {
	kit.Run(t, kit.Suite{Dir: "testdata/script", Bin: "stage6", After: stays})
}

// What stage 1 promises holds here too.
func TestRootStage1(t *testing.T) {
	kit.Run(t, kit.Suite{
		Dir:   "../stage1-namespaces/testdata/script",
		Bin:   "stage1",
		As:    "stage6",
		After: stays,
		Run:   []string{"--rm", "--rootfs"},
		Except: map[string]string{
			"errors":  "the flags and usage lines are this stage's own",
			"exec":    "takes a name here, not a pid",
			"explain": "there are more steps",
			"many":    "stage 3 has them",
			"subset":  "layers need a mount namespace",
			"userns":  "is stage 1's alone, until final",
		},
	})
}

func TestKernelChapter(t *testing.T) {
	kit.Transcripts(t, "README.md")
}

func TestExcerpts(t *testing.T) {
	kit.Excerpts(t, "README.md")
}
